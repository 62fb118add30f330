import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type CommandResult, runCommand } from './command.ts'

/** The real zypper in its own root. It takes the key from repodata/repomd.xml.key. */
export class ZypperClient {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async create(folder: string): Promise<ZypperClient> {
    await mkdir(join(folder, 'root'), { recursive: true })
    return new ZypperClient(folder)
  }

  root(...parts: string[]): string {
    return join(this.#folder, 'root', ...parts)
  }

  async run(...args: string[]): Promise<CommandResult> {
    const fixed = ['--root', this.root(), '--non-interactive', '--gpg-auto-import-keys']
    return runCommand('zypper', [...fixed, ...args], { environment: { HOME: this.#folder } })
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}
