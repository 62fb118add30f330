import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandResult } from './command.ts'
import { type System, thisMachine } from './system.ts'

const folders = [
  'etc/apt/apt.conf.d',
  'etc/apt/preferences.d',
  'etc/apt/trusted.gpg.d',
  'etc/apt/sources.list.d',
  'etc/apt/auth.conf.d',
  'etc/apt/keyrings',
  'var/lib/apt/lists/partial',
  'var/cache/apt/archives/partial',
  'var/lib/dpkg/info',
  'var/lib/dpkg/updates',
  'var/lib/dpkg/triggers',
  'var/log/apt',
  'tmp',
]

/** A real apt with everything (lists, cache, dpkg's database, installed files) in one folder. */
export class AptClient {
  readonly #folder: string
  readonly #system: System

  private constructor(folder: string, system: System) {
    this.#folder = folder
    this.#system = system
  }

  static async create(folder: string, architecture = 'amd64', system = thisMachine): Promise<AptClient> {
    for (const path of folders) await mkdir(join(folder, path), { recursive: true })
    for (const path of ['status', 'available']) await writeFile(join(folder, 'var/lib/dpkg', path), '')
    const settings = [
      `Dir "${folder}";`,
      'Dir::Bin::methods "/usr/lib/apt/methods";',
      'Dir::Bin::dpkg "/usr/bin/dpkg";',
      `DPkg::Options { "--root=${folder}"; "--force-not-root"; "--force-script-chrootless"; "--log=${folder}/var/log/dpkg.log"; };`,
      `APT::Architecture "${architecture}"; APT::Architectures { "${architecture}"; };`,
      // root drops to "_apt", which may not read the test's folder.
      'APT::Sandbox::User "root";',
      'APT::Install-Recommends "false";',
      'Acquire::Languages "none";',
      'Acquire::http::Proxy "DIRECT";',
    ]
    await writeFile(join(folder, 'apt.conf'), `${settings.join('\n')}\n`)
    return new AptClient(folder, system)
  }

  root(...parts: string[]): string {
    return join(this.#folder, ...parts)
  }

  /** A source as published: the deb822 file, with the keyring path moved into this root. */
  async useSources(sources: string, keyring: Uint8Array): Promise<void> {
    const path = this.root('etc/apt/keyrings/test.gpg')
    await writeFile(path, keyring)
    const moved = sources.replace(/^Signed-By: .*$/m, `Signed-By: ${path}`)
    await writeFile(this.root('etc/apt/sources.list.d/test.sources'), moved)
  }

  async useLine(line: string): Promise<void> {
    await writeFile(this.root('etc/apt/sources.list'), `${line}\n`)
  }

  get(...args: string[]): Promise<CommandResult> {
    return this.#run('apt-get', ['-y', ...args])
  }

  /** Names and versions that clients can install, in apt's words: `hello 1.0-1 amd64`. */
  async available(): Promise<readonly string[]> {
    const targets = await this.#run('apt-get', [
      'indextargets',
      '--format',
      '$(FILENAME)',
      'Created-By: Packages',
    ])
    const files = targets.stdout.split('\n').filter((file) => file !== '')
    if (files.length === 0) return []
    const { stdout } = await this.#run('/usr/lib/apt/apt-helper', ['cat-file', ...files])
    return stdout
      .split('\n\n')
      .filter((stanza) => stanza.trim() !== '')
      .map((stanza) =>
        ['Package', 'Version', 'Architecture']
          .map((name) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '')
          .join(' '),
      )
      .sort()
  }

  installed(): Promise<string> {
    return readFile(this.root('var/lib/dpkg/status'), 'utf8')
  }

  #run(program: string, args: readonly string[]): Promise<CommandResult> {
    return this.#system.run(program, args, { environment: { APT_CONFIG: this.root('apt.conf') } })
  }
}
