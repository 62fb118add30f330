import { UserError } from '../../errors.ts'

/** A field of a control file in its order; continuation lines follow the first line with their leading space. */
export type ControlField = readonly [name: string, value: string]

/** One stanza as text, ending in a newline, which dpkg insists on. */
export function renderControl(fields: readonly ControlField[]): string {
  return fields.map(([name, value]) => `${name}:${value.startsWith('\n') ? '' : ' '}${value}\n`).join('')
}

/** deb822(5), one stanza. Field names keep their spelling. */
export function parseControl(text: string): readonly ControlField[] {
  const fields: [string, string][] = []
  for (const [index, line] of text.replace(/\n+$/, '').split('\n').entries()) {
    const last = fields.at(-1)
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] += `\n${line.trimEnd()}`
      continue
    }
    const [, name, value] = /^([!-,.-9;-~][!-9;-~]*):[ \t]*(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined)
      throw malformed(index + 1, 'is neither a field nor its continuation')
    if (fields.some(([known]) => known.toLowerCase() === name.toLowerCase())) {
      throw malformed(index + 1, `repeats the field "${name}"`)
    }
    fields.push([name, value.trimEnd()])
  }
  return fields
}

/** The value of a field, whatever the case of its name. */
export function fieldOf(fields: readonly ControlField[], name: string): string | undefined {
  return fields.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1]
}

function malformed(line: number, what: string): UserError {
  return new UserError('DEB_CONTROL', `Line ${line} of the control file ${what}.`, {
    hint: 'Ask those who built the package to correct it.',
  })
}
