import { github } from './github/github.ts'
import { local } from './local/local.ts'

/** Every kind of forge; the first one is used where hawser.yaml names none. */
export const forges = [local, github] as const
