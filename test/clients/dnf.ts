import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CommandResult, runCommand } from './command.ts'
import { type System, thisMachine } from './system.ts'

export interface DnfRepository {
  readonly id: string
  readonly baseUrl: string
  readonly keyUrls: readonly string[]
}

export type DnfProgram = 'dnf' | 'dnf5'

export interface DnfOptions {
  readonly program?: DnfProgram
  readonly system?: System
}

/** A real dnf with everything (config, cache, rpm database, log) in one folder, and nothing of the machine's. */
export class DnfClient {
  readonly #folder: string
  readonly #program: DnfProgram
  readonly #system: System

  private constructor(folder: string, { program = 'dnf', system = thisMachine }: DnfOptions) {
    this.#folder = folder
    this.#program = program
    this.#system = system
  }

  static async create(
    folder: string,
    { id, baseUrl, keyUrls }: DnfRepository,
    options: DnfOptions = {},
  ): Promise<DnfClient> {
    const at = (...parts: string[]) => join(folder, ...parts)
    for (const part of ['root', 'repos', 'cache', 'persist', 'log', 'home']) {
      await mkdir(at(part), { recursive: true })
    }
    const main = {
      gpgcheck: '1',
      installroot: at('root'),
      reposdir: at('repos'),
      cachedir: at('cache'),
      persistdir: at('persist'),
      logdir: at('log'),
      varsdir: '/nonexistent',
      plugins: '0',
      install_weak_deps: '0',
    }
    await writeFile(at('dnf.conf'), `[main]\n${lines(main)}`)
    const repository = {
      name: id,
      baseurl: baseUrl,
      enabled: '1',
      gpgcheck: '1',
      repo_gpgcheck: '1',
      gpgkey: keyUrls.join(' '),
    }
    await writeFile(at('repos', 'test.repo'), `[${id}]\n${lines(repository)}`)
    return new DnfClient(folder, options)
  }

  /** Installs a .repo file as it was published, in place of ours. */
  async useRepoFile(content: string): Promise<void> {
    await writeFile(join(this.#folder, 'repos', 'test.repo'), content)
  }

  root(...parts: string[]): string {
    return join(this.#folder, 'root', ...parts)
  }

  async run(...args: string[]): Promise<CommandResult> {
    const fixed = ['-y', '--releasever=9', '--forcearch=x86_64', '--setopt=ignorearch=1']
    return this.#system.run(this.#program, [...this.#settings(), ...fixed, ...args], {
      environment: { HOME: join(this.#folder, 'home') },
    })
  }

  #settings(): readonly string[] {
    const config = join(this.#folder, 'dnf.conf')
    // Metadata of this very second counts as fresh even with metadata_expire=0.
    if (this.#program === 'dnf') return ['-c', config, '--refresh']
    // dnf5 asks anew with metadata_expire=0 only, whatever --refresh says.
    const root = ['--installroot', join(this.#folder, 'root'), '--use-host-config']
    return [`--config=${config}`, '--setopt=metadata_expire=0', ...root]
  }

  /** Ends the agents that gpgme started for each cache, and removes everything. */
  async remove(): Promise<void> {
    for (const name of await readdir(this.#folder, { recursive: true })) {
      if (!name.endsWith('/S.gpg-agent')) continue
      const home = join(this.#folder, name, '..')
      await runCommand('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'])
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}

const lines = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
