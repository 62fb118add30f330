const contextLines = 3

/** The form that `git apply` takes, for two texts of equally many lines; empty when they are the same. */
export function unifiedDiff(path: string, before: string, after: string): readonly string[] {
  const [old, now] = [linesOf(before), linesOf(after)]
  const changed = old.flatMap((line, index) => (line === now[index] ? [] : [index]))
  if (changed.length === 0) return []
  const hunks = hunksOf(changed, old.length).flatMap(([from, to]) => [
    `@@ -${from + 1},${to - from} +${from + 1},${to - from} @@`,
    ...hunkLines(old, now, from, to),
  ])
  return [`--- a/${path}`, `+++ b/${path}`, ...hunks]
}

/** Each with its line end, if it has one. */
const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

/** From and to, with context; neighbours that touch are one. */
function hunksOf(changed: readonly number[], count: number): readonly (readonly [number, number])[] {
  const hunks: [number, number][] = []
  for (const index of changed) {
    const [from, to] = [Math.max(0, index - contextLines), Math.min(count, index + contextLines + 1)]
    const last = hunks.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = to
    else hunks.push([from, to])
  }
  return hunks
}

/** Removed lines come before added ones, as in every diff. */
function hunkLines(
  old: readonly string[],
  now: readonly string[],
  from: number,
  to: number,
): readonly string[] {
  const lines: string[] = []
  let added: string[] = []
  for (let index = from; index < to; index += 1) {
    const [before = '', after = ''] = [old[index], now[index]]
    if (before === after) {
      lines.push(...added, ...shown(' ', before))
      added = []
    } else {
      lines.push(...shown('-', before))
      added.push(...shown('+', after))
    }
  }
  return [...lines, ...added]
}

const shown = (mark: string, line: string): readonly string[] =>
  line.endsWith('\n') ? [mark + line.slice(0, -1)] : [mark + line, '\\ No newline at end of file']
