import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const source = import.meta.dirname

/** Everything below the concepts; any room above may use it. */
const ground = ['lib', 'errors', 'provider']

/** Which rooms a room may import from. Change the map first, with a reason in ARCHITECTURE.md, if you must. */
const map: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  provider: [],
  lib: ['errors'],
  archive: ground,
  clients: [...ground, 'archive'],
  storage: ground,
  artifacts: ground,
  signing: [...ground, 'archive', 'artifacts', 'clients'],
  packages: [...ground, 'archive', 'artifacts', 'signing'],
  repositories: [...ground, 'archive', 'artifacts', 'clients', 'storage', 'packages', 'signing'],
  installs: [...ground, 'artifacts', 'packages', 'repositories'],
  sources: [...ground, 'archive', 'artifacts', 'oci'],
  forge: [...ground, 'artifacts', 'signing'],
  oci: [...ground, 'archive'],
  module: [...ground, 'archive', 'oci'],
  jobs: [...ground, 'forge'],
  downstream: [...ground, 'packages'],
  pipeline: ground,
  engine: [...ground, 'pipeline'],
  steps: [
    ...ground,
    'pipeline',
    'archive',
    'artifacts',
    'storage',
    'packages',
    'repositories',
    'signing',
    'sources',
    'forge',
    'oci',
    'module',
    'jobs',
    'downstream',
    'installs',
  ],
  config: [
    ...ground,
    'pipeline',
    'steps',
    'artifacts',
    'storage',
    'packages',
    'repositories',
    'signing',
    'sources',
    'forge',
    'oci',
    'module',
    'jobs',
    'downstream',
  ],
  release: [
    ...ground,
    ...['config', 'steps', 'pipeline', 'engine'],
    ...[
      'artifacts',
      'storage',
      'packages',
      'repositories',
      'signing',
      'sources',
      'forge',
      'oci',
      'module',
      'jobs',
      'downstream',
    ],
  ],
  cli: ['errors', 'lib', 'release', 'config', 'pipeline'],
  main: ['errors', 'lib', 'cli'],
}

/** Rooms whose folders are kinds of one port: a kind knows nothing of its siblings. */
const concepts = [
  'packages',
  'repositories',
  'storage',
  'signing',
  'sources',
  'forge',
  'oci',
  'jobs',
  'installs',
  'engine',
]

/** Folders of a concept that are no kinds: what all kinds share, and what knows none of them. */
const shared: Readonly<Record<string, readonly string[]>> = {
  repositories: ['append', 'lookup'],
  oci: ['layers', 'credentials', 'build'],
  jobs: ['supervised'],
}

interface Import {
  readonly file: string
  readonly target: string
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.includes('testdata/'))
  .sort()

const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(join(source, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((found) => ({
    file,
    target: relative(source, join(source, dirname(file), found[1] ?? '')),
  }))
})

const roomOf = (file: string): string => file.split('/')[0]?.replace(/\.ts$/, '') ?? ''
const kindOf = (file: string): string | undefined =>
  file.split('/').length > 2 ? file.split('/')[1] : undefined

describe('imports point one way', () => {
  test('every room is on the map', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in map))).toEqual([])
  })

  test('no room imports a room that is above or beside it', () => {
    const wrong = imports.filter(({ file, target }) => {
      const [from, to] = [roomOf(file), roomOf(target)]
      return from !== to && !(map[from] ?? []).includes(to)
    })

    expect(wrong).toEqual([])
  })

  test('a kind never imports its siblings', () => {
    const wrong = imports.filter(({ file, target }) => {
      const room = roomOf(file)
      if (!concepts.includes(room) || room !== roomOf(target)) return false
      const [from, to] = [kindOf(file), kindOf(target)]
      return from !== undefined && to !== undefined && from !== to && !(shared[room] ?? []).includes(to)
    })

    expect(wrong).toEqual([])
  })

  test('packages, repositories and forges know signing only by its port', () => {
    const wrong = imports.filter(
      ({ file, target }) =>
        ['packages', 'repositories', 'forge'].includes(roomOf(file)) &&
        roomOf(target) === 'signing' &&
        target !== 'signing/signer.ts',
    )

    expect(wrong).toEqual([])
  })
})

describe("a provider's name is a string only in its own folder", () => {
  // Distinctive ones; "file", "git" and "https" are words of everyday code too, and "openpgp" is a module. That a kind of
  // repository holds one kind of package is the repository's own knowledge.
  const names: Readonly<Record<string, readonly string[]>> = {
    deb: ['packages/deb/', 'repositories/apt/', 'installs/apt/'],
    rpm: ['packages/rpm/', 'repositories/dnf/', 'installs/dnf/'],
    apt: ['repositories/apt/', 'installs/apt/'],
    dnf: ['repositories/dnf/', 'installs/dnf/'],
    // A relation of OCM's, too.
    local: ['forge/local/', 'module/'],
    npm: ['sources/npm/'],
  }

  test.each(Object.entries(names))('%s', (name, folders) => {
    const wrong = files.filter(
      (file) =>
        !folders.some((folder) => file.startsWith(folder)) &&
        readFileSync(join(source, file), 'utf8').includes(`'${name}'`),
    )

    expect(wrong).toEqual([])
  })
})

test('only main.ts exits or prints errors', () => {
  const wrong = files.filter(
    (file) =>
      file !== 'main.ts' && /process\.exit\(|console\.error\(/.test(readFileSync(join(source, file), 'utf8')),
  )

  expect(wrong).toEqual([])
})
