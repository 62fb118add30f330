/** What terminals and the tools of distributions (lintian, rpmlint) take for a line. */
const columnsMax = 79

/** Breaks long lines at spaces. Shorter lines, empty ones and those that are indented stay as they were written. */
export const wrapDescription = (text: string): string =>
  text
    .split('\n')
    .flatMap((line) => (line.length <= columnsMax || /^\s/.test(line) ? [line] : wrapLine(line)))
    .join('\n')

function wrapLine(line: string): readonly string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (longer.length <= columnsMax || current === '') {
      current = longer
      continue
    }
    lines.push(current)
    current = word
  }
  return [...lines, current]
}
