import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A GnuPG home of its own, whose clock can be set. */
export class Gpg {
  readonly folder: string
  readonly #time: string
  #keys = 0

  private constructor(folder: string, time: string) {
    this.folder = folder
    this.#time = time
  }

  /** Short, because gpg-agent's socket has a path of at most 108 bytes. */
  static async create(time = '20240101T000000'): Promise<Gpg> {
    return new Gpg(await mkdtemp(join(tmpdir(), 'hg-')), time)
  }

  async run(args: readonly string[], options: { readonly passphrase?: string } = {}): Promise<Buffer> {
    const fixed = ['--homedir', this.folder, '--batch', '--no-tty', '--pinentry-mode', 'loopback']
    const clock = ['--faked-system-time', this.#time, '--passphrase', options.passphrase ?? '']
    const { stdout } = await run('gpg', [...fixed, ...clock, ...args], {
      encoding: 'buffer',
      maxBuffer: 1 << 24,
    })
    return stdout
  }

  /** Makes a key and returns its fingerprint. */
  async makeKey(
    algorithm: string,
    usage: string,
    options: {
      readonly expire?: string
      readonly passphrase?: string
      readonly also?: readonly string[]
    } = {},
  ): Promise<string> {
    this.#keys += 1
    const name = `Gpg Key ${this.#keys} <key${this.#keys}@example.org>`
    const generation = ['--quick-generate-key', name, algorithm, usage, options.expire ?? 'never']
    const status = await this.run(['--status-fd', '1', ...(options.also ?? []), ...generation], options)
    const fingerprint = /KEY_CREATED [A-Z] ([0-9A-F]{40})/.exec(status.toString())?.[1]
    if (fingerprint === undefined) throw new Error(`gpg made no key: ${status.toString()}`)
    return fingerprint
  }

  async exportSecret(fingerprint: string, passphrase?: string): Promise<string> {
    const args = ['--armor', '--export-secret-keys', fingerprint]
    return (await this.run(args, passphrase === undefined ? {} : { passphrase })).toString()
  }

  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.folder, name)
    await writeFile(path, content)
    return path
  }

  async remove(): Promise<void> {
    await run('gpgconf', ['--homedir', this.folder, '--kill', 'all'])
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Runs a program and returns all that it printed; throws when it fails. */
export async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(program, [...args])
  return stdout + stderr
}
