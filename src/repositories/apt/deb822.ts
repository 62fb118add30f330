/**
 * deb822(5) paragraphs. Text is kept as Latin-1, one character for each byte, so that foreign bytes pass unchanged,
 * whatever their encoding; `decoded` gives the UTF-8 reading where people see it.
 */
export interface Field {
  readonly name: string
  /** Everything after the colon: continuation lines with their leading space, no final newline. */
  readonly value: string
}

// Most text is ASCII, where both readings are the same.
export const decoded = (latin1: string): string =>
  /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1
export const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** Undefined: a line that is neither a field nor a continuation. */
export function parseFields(paragraph: string): readonly Field[] | undefined {
  const fields: { name: string; value: string }[] = []
  for (const line of paragraph.split('\n')) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const last = fields.at(-1)
      if (last === undefined) return undefined
      last.value += `\n${line}`
      continue
    }
    const colon = line.indexOf(':')
    if (colon < 1) return undefined
    fields.push({ name: line.slice(0, colon), value: line.slice(colon + 1).trim() })
  }
  return fields
}

// apt separates paragraphs at lines that are empty or only white space.
export function paragraphsOf(text: string): readonly string[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n(?:[ \t]*\n)+/)
    .map((paragraph) => paragraph.replace(/^(?:[ \t]*\n)+/, '').replace(/\n+$/, ''))
    .filter((paragraph) => paragraph.trim() !== '')
}

export function renderFields(fields: readonly Field[]): string {
  return fields
    .map(({ name, value }) => `${name}:${value === '' || value.startsWith('\n') ? '' : ' '}${value}`)
    .join('\n')
}
