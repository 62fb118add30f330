import { resolve } from 'node:path'
import { z } from 'zod'
import type { StorageProvider } from '../storage.ts'
import { fileStorage } from './file-storage.ts'

const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'Folder that holds the objects; relative to the folder of hawser.yaml. It is made when it is missing.',
    ),
})

export const file: StorageProvider<typeof options> = {
  name: 'file',
  describe: 'A folder on a file system, for example the one that a web server serves.',
  options,
  example: { path: 'packages/apt' },
  create: ({ path }, { folder }) => fileStorage(resolve(folder, path)),
}
