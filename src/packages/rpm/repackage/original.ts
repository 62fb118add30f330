import type { RpmFile } from '../read.ts'

/** A finished package, and where it is. */
export interface Original {
  readonly path: string
  readonly rpm: RpmFile
}

/** For people: `docker-engine 1.11.2-1`. */
export const originalName = ({ rpm: { header } }: Original): string =>
  `${header.text('name') ?? '?'} ${header.text('version') ?? '?'}-${header.text('release') ?? '?'}`
