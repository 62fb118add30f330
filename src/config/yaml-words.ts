import type { YAMLError } from 'yaml'

/** More nesting than this is a mistake, or hostile. */
export const depthMax = 48

export const tooDeep = { message: 'Nested too deeply.', hint: `At most ${depthMax} levels.` }

/** The parser's findings in a release engineer's words; what has no entry is clear enough as the parser says it. */
export function syntaxText(error: YAMLError): { readonly message: string; readonly hint: string } {
  const known = syntaxTexts[error.code]
  if (known !== undefined) return known
  // One code of the parser stands for several things; only its text tells them apart.
  const open = /^Flow (map|sequence)/.exec(error.message)?.[1]
  if (open !== undefined) {
    const [start, end] = open === 'map' ? ['{', '}'] : ['[', ']']
    return {
      message: `A "${start}" above is not closed.`,
      hint: `Add the "${end}", or indent what belongs between them.`,
    }
  }
  if (error.message.startsWith('Missing closing')) {
    return { message: 'A quoted text above is not closed.', hint: 'Add the quote at its end.' }
  }
  return { message: `${error.message.replace(/[.:\s]+$/, '')}.`, hint: 'Correct the YAML on this line.' }
}

const syntaxTexts: {
  readonly [code: string]: { readonly message: string; readonly hint: string } | undefined
} = {
  TAB_AS_INDENT: {
    message: 'A tab is used for indentation.',
    hint: 'YAML is indented with spaces. Replace the tab with two spaces.',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'A key and its value stand inside another value.',
    hint: 'Put quotes around a text that contains ": ", or begin a new, further indented line after the key.',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'A key goes over several lines.',
    hint: 'Check the indentation: keys of one map start at the same column.',
  },
  BAD_SCALAR_START: {
    message: 'A text cannot begin with "@" or "`" without quotes.',
    hint: 'Put quotes around it.',
  },
  MULTIPLE_DOCS: {
    message: 'The file contains several documents, separated by "---".',
    hint: 'Keep one. A project has one release description.',
  },
  TAG_RESOLVE_FAILED: {
    message: 'Tags ("!name") mean nothing here.',
    hint: 'Remove it. A text that begins with "!" must be quoted.',
  },
  RESOURCE_EXHAUSTION: tooDeep,
}
