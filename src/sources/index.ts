import { file } from './file/file.ts'
import { git } from './git/git.ts'
import { https } from './https/https.ts'
import { image } from './image/image.ts'
import { npm } from './npm/npm.ts'

export const sourceProviders = [file, git, https, image, npm] as const
