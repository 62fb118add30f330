import { apt } from './apt/apt.ts'
import { dnf } from './dnf/dnf.ts'

/** Every kind of repository; a new one is a folder and a line here. */
export const repositoryFormats = [apt, dnf] as const
