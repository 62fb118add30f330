import { apt } from './apt/apt.ts'
import { dnf } from './dnf/dnf.ts'

/** Every kind of repository; a new one is a folder and a line here. */
export const repositoryFormats = [apt, dnf] as const

export function repositoryFormat(name: string): (typeof repositoryFormats)[number] {
  const found = repositoryFormats.find((format) => format.name === name)
  if (found === undefined)
    throw new Error(`No repository format is called "${name}", although the config was checked`)
  return found
}
