import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AptClient } from './apt.ts'
import { chrootFolder, chrootSuites, chrootSystem } from './chroot.ts'
import type { CommandResult } from './command.ts'
import { DnfClient, type DnfProgram } from './dnf.ts'
import { type System, thisMachine } from './system.ts'
import { ZypperClient } from './zypper.ts'

/** What every client can be asked, whatever it is. */
export interface Reader {
  /** Asks the repository for its newest state. */
  refresh(): Promise<CommandResult>
  /** What it would install, in byte order: name, version and architecture, with a space between. */
  available(): Promise<readonly string[]>
  install(name: string): Promise<CommandResult>
  /** A path of the system that it installs into. */
  root(...parts: string[]): string
  remove(): Promise<void>
}

export interface ReaderKind<Source> {
  /** As in "apt on trixie". */
  readonly name: string
  /** False for the clients of chroots that nobody asked for. */
  readonly isSelected: boolean
  /** Keep the folder's path short: gpg-agent's socket may have 108 bytes. */
  create(folder: string, source: Source): Promise<Reader>
}

export interface AptSource {
  readonly url: string
  readonly suite: string
  readonly component: string
  readonly publicKeyArmored: string
}

export interface RpmSource {
  /** The folder above repodata; zypper takes the key from repodata/repomd.xml.key. */
  readonly url: string
  readonly keyUrl: string
}

interface Place {
  readonly name: string
  /** Undefined where nobody asked for chroots. */
  readonly system: System | undefined
}

/** This machine first, then the other suites. */
const places: readonly Place[] = [
  { name: thisMachine.name, system: thisMachine },
  ...chrootSuites.map((name) => {
    const folder = chrootFolder(process.env)
    return { name, system: folder === undefined ? undefined : chrootSystem(folder, name) }
  }),
]

export const aptReaders: readonly ReaderKind<AptSource>[] = places.map((place) =>
  readerKind('apt', place, aptReader),
)

export const rpmReaders: readonly ReaderKind<RpmSource>[] = places.flatMap((place) => {
  // dnf5 exists in the newest suite only.
  const programs: readonly DnfProgram[] = place.name === 'sid' ? ['dnf', 'dnf5'] : ['dnf']
  const dnf = programs.map((program) =>
    readerKind<RpmSource>(program, place, (...args) => dnfReader(program, ...args)),
  )
  return [...dnf, readerKind('zypper', place, zypperReader)]
})

function readerKind<Source>(
  program: string,
  { name, system }: Place,
  create: (folder: string, source: Source, system: System) => Promise<Reader>,
): ReaderKind<Source> {
  const isSelected = system !== undefined
  return {
    name: `${program} on ${name}${isSelected ? '' : ' (not selected: HAWSER_CHROOTS)'}`,
    isSelected,
    create: (folder, source) => {
      if (system === undefined) throw new Error(`The chroot ${name} is not selected.`)
      return create(folder, source, system)
    },
  }
}

async function aptReader(folder: string, source: AptSource, system: System): Promise<Reader> {
  const client = await AptClient.create(folder, 'amd64', system)
  const key = client.root('etc/apt/keyrings/key.asc')
  await writeFile(key, source.publicKeyArmored)
  await client.useLine(`deb [signed-by=${key}] ${source.url} ${source.suite} ${source.component}`)
  return {
    refresh: () => client.get('update'),
    available: () => client.available(),
    install: (name) => client.get('install', name),
    root: (...parts) => client.root(...parts),
    remove: () => Promise.resolve(),
  }
}

async function dnfReader(
  program: DnfProgram,
  folder: string,
  { url, keyUrl }: RpmSource,
  system: System,
): Promise<Reader> {
  const repository = { id: 'test', baseUrl: url, keyUrls: [keyUrl] }
  const client = await DnfClient.create(folder, repository, { program, system })
  return {
    refresh: () => client.run('makecache'),
    available: async () => {
      const { stdout } = await client.run('repoquery', '--qf', '%{name} %{version}-%{release} %{arch}\n')
      return linesOf(stdout)
    },
    install: (name) => client.run('install', name),
    root: (...parts) => client.root(...parts),
    remove: () => client.remove(),
  }
}

async function zypperReader(folder: string, { url }: RpmSource, system: System): Promise<Reader> {
  await mkdir(join(folder, 'root'), { recursive: true })
  const client = await ZypperClient.create(folder, system)
  await client.run('addrepo', '--gpgcheck', url, 'test')
  return {
    refresh: () => client.run('refresh', '--force'),
    available: async () => {
      const { stdout } = await client.run('--xmlout', '--no-refresh', 'search', '--details')
      const found = [...stdout.matchAll(/<solvable .*?\/>/g)].map(([element]) =>
        ['name', 'edition', 'arch']
          .map((name) => new RegExp(` ${name}="(.*?)"`).exec(element)?.[1] ?? '')
          .join(' '),
      )
      return linesOf(found.join('\n'))
    },
    install: (name) => client.run('install', '--no-recommends', name),
    root: (...parts) => client.root(...parts),
    remove: () => client.remove(),
  }
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted()
