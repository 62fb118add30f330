/** A place in a file, and what is to stand there. */
export interface Replacement {
  readonly file: string
  readonly start: number
  readonly end: number
  readonly after: string
}

/** Something that an edit could not do. */
export interface EditFinding {
  /** Where the edit is declared. */
  readonly edit: string
  readonly file: string
  /** Undefined: the file as a whole. */
  readonly line: number | undefined
  readonly message: string
  readonly hint: string
}

/** What an edit would do to files; findings where it cannot. */
export interface FoundPlaces {
  readonly places: readonly Replacement[]
  readonly findings: readonly EditFinding[]
}

export type Files = ReadonlyMap<string, string>

/** Lines count from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}

export const placeText = ({ file, line }: Pick<EditFinding, 'file' | 'line'>): string =>
  line === undefined ? file : `${file}:${line}`
