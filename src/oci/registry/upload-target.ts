import type { Connection } from './connection.ts'

/** One repository of a registry, for the time of one operation. */
export interface UploadTarget {
  readonly connection: Connection
  readonly repository: string
  readonly signal: AbortSignal | undefined
}
