import { apt } from './apt/apt.ts'
import { dnf } from './dnf/dnf.ts'
import type { InstallResolver } from './install-resolver.ts'

/** Every kind of resolver; a new one is a folder and a line here. */
export const installResolvers: readonly InstallResolver[] = [apt, dnf]
