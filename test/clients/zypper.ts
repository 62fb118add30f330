import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandResult } from './command.ts'
import { type System, thisMachine } from './system.ts'

/** The real zypper in its own root. It takes the key from repodata/repomd.xml.key. */
export class ZypperClient {
  readonly #folder: string
  readonly #system: System

  private constructor(folder: string, system: System) {
    this.#folder = folder
    this.#system = system
  }

  static async create(folder: string, system = thisMachine): Promise<ZypperClient> {
    await mkdir(join(folder, 'root'), { recursive: true })
    return new ZypperClient(folder, system)
  }

  root(...parts: string[]): string {
    return join(this.#folder, 'root', ...parts)
  }

  async run(...args: string[]): Promise<CommandResult> {
    const fixed = ['--root', this.root(), '--non-interactive', '--gpg-auto-import-keys']
    return this.#system.run('zypper', [...fixed, ...args], { environment: { HOME: this.#folder } })
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}
