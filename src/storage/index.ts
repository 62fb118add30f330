import { file } from './file/file.ts'

/** Every kind of storage; a new one is a folder and a line here. */
export const storages = [file] as const
