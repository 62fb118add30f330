import { file } from './file/file.ts'
import { s3 } from './s3/s3.ts'

/** Every kind of storage; a new one is a folder and a line here. */
export const storages = [file, s3] as const
