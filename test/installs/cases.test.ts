import { describe, expect, onTestFinished, test } from 'vitest'
import { type FormatName, InstallWorld, kismatic, master, type TestPackage, textOf } from './install-world.ts'

async function emptyWorld(format: FormatName): Promise<InstallWorld> {
  const world = await InstallWorld.create(format)
  onTestFinished(() => world.remove())
  return world
}

const engine = (version: string): TestPackage => ({ name: 'kismatic-docker-engine', version })
const withEngine = (version: string, engineVersion: string): readonly TestPackage[] => [
  { name: 'app', version, relations: { depends: `kismatic-docker-engine (= ${engineVersion})` } },
  engine(engineVersion),
]

describe.each(['deb', 'rpm'] as const)('%s', (format) => {
  test('a package that needs a version that nobody has breaks on a new machine and in every upgrade', async () => {
    const world = await emptyWorld(format)
    await world.publish('1.0-1', { name: 'app', version: '1.0-1' }, { name: 'app-data', version: '1.0-1' })
    const next: readonly TestPackage[] = [
      { name: 'app', version: '1.1-1', relations: { depends: 'app-data (= 1.1-2)' } },
      { name: 'app-data', version: '1.1-1' },
    ]

    const report = await world.report('1.1-1', next, [['app'], ['app', 'app-data']])

    await expect(textOf(report)).toMatchFileSnapshot(`testdata/new-broken-${format}.txt`)
    expect(new Set(report.broken.map(({ kind }) => kind))).toEqual(new Set(['new', 'upgrade']))
  })

  test('an upgrade that an installed package of the same release does not allow', async () => {
    const world = await emptyWorld(format)
    await world.publish(
      '1.0-1',
      { name: 'app', version: '1.0-1' },
      { name: 'plugin', version: '1.0-1', relations: { depends: 'app (= 1.0-1)' } },
    )

    const report = await world.report(
      '1.1-1',
      [{ name: 'app', version: '1.1-1' }],
      [['app'], ['plugin', 'app']],
    )

    await expect(textOf(report)).toMatchFileSnapshot(`testdata/upgrade-broken-${format}.txt`)
    expect(report.broken.some(({ kind }) => kind === 'upgrade')).toBe(true)
  })

  test('a package that replaces another one by its own word may take it away', async () => {
    const world = await emptyWorld(format)
    await world.publish('1.0-1', { name: 'old-app', version: '1.0-1' }, { name: 'tools', version: '1.0-1' })
    const renamed = { conflicts: 'old-app', replaces: 'old-app', provides: 'old-app', obsoletes: 'old-app' }
    const tools = { depends: 'new-app' }

    const report = await world.report(
      '1.1-1',
      [
        { name: 'new-app', version: '1.1-1', relations: renamed },
        { name: 'tools', version: '1.1-1', relations: tools },
      ],
      [['tools'], ['new-app']],
    )

    expect(report.broken).toEqual([])
  })

  test('what did not change in a release still belongs to it', async () => {
    const world = await emptyWorld(format)
    await world.publish('1.0-1', ...withEngine('1.0-1', '1.11-1'))
    // The engine is there already, with the same bytes.
    await world.publish('1.1-1', ...withEngine('1.1-1', '1.11-1'))

    const report = await world.report('1.2-1', withEngine('1.2-1', '1.12-1'), [
      ['app', 'kismatic-docker-engine'],
    ])

    expect(report).toMatchObject({ earlier: ['1.1-1', '1.0-1'], broken: [], tried: 8 })
  })

  test('without records of the repository, equal versions go together', async () => {
    const world = await emptyWorld(format)
    await world.publish('1.4.5-1', ...kismatic('1.4.5-1'))
    await world.forgetRecords()

    const report = await world.report('1.4.6-1', kismatic('1.4.6-1'), [master])

    expect(report.earlier).toEqual([format === 'deb' ? '1.4.5-1' : '1.4.5_1-1'])
    expect(report.tried).toBe(5)
  })

  test('only so many earlier releases are tried, and the report says how many are not', async () => {
    const world = await emptyWorld(format)
    for (const version of ['1.0-1', '1.1-1', '1.2-1']) await world.publish(version, { name: 'app', version })

    const report = await world.report('1.3-1', [{ name: 'app', version: '1.3-1' }], [['app']], { earlier: 1 })

    expect(report).toMatchObject({ earlier: ['1.2-1'], leftOut: 2, broken: [] })
  })

  test('a release that is older than what is there is no upgrade, and is installed by its version', async () => {
    const world = await emptyWorld(format)
    await world.publish('2.0-1', { name: 'app', version: '2.0-1' })

    const report = await world.report('1.9-1', [{ name: 'app', version: '1.9-1' }], [['app']])

    // Alone and with the version on a new machine, and 2.0-1 again.
    expect(report).toMatchObject({ tried: 3, broken: [] })
  })

  test('what the distribution has is assumed in the versions that are asked for', async () => {
    const world = await emptyWorld(format)
    const depends =
      'alpha (= 1.0), beta (< 2.0), gamma (> 3.0), gamma (<= 4.0), delta (>= 5.0) | epsilon, zeta'

    const report = await world.report(
      '1.0-1',
      [{ name: 'app', version: '1.0-1', relations: { depends } }],
      [['app']],
    )

    await expect(textOf(report)).toMatchFileSnapshot(`testdata/assumed-${format}.txt`)
    expect(report.broken).toEqual([])
  })

  test('each architecture is tried by itself', async () => {
    const world = await emptyWorld(format)
    const both = (version: string): readonly TestPackage[] => [
      { name: 'app', version, architecture: 'amd64', relations: { depends: `data (= ${version})` } },
      { name: 'app', version, architecture: 'arm64', relations: { depends: 'data (= 7.0-1)' } },
      { name: 'data', version, architecture: 'all' },
    ]

    const report = await world.report('1.0-1', both('1.0-1'), [['app']])

    expect(report.tried).toBe(4)
    expect(new Set(report.broken.map(({ architecture }) => architecture))).toEqual(
      new Set([format === 'deb' ? 'arm64' : 'aarch64']),
    )
  })

  test('a package that is there with other bytes is refused before anything is tried', async () => {
    const world = await emptyWorld(format)
    await world.publish('1.0-1', { name: 'app', version: '1.0-1' })
    const other = [{ name: 'app', version: '1.0-1', relations: { depends: 'socat' } }]

    await expect(world.report('1.0-1', other, [['app']])).rejects.toMatchObject({ code: 'REPOSITORY_SWAP' })
  })

  test('without the program nothing is known, and the reason says how to get it', async () => {
    const world = await emptyWorld(format)
    const environment = { PATH: world.folder }

    const verdict = await world.verdict('1.0-1', [{ name: 'app', version: '1.0-1' }], {
      commands: [['app']],
      environment,
    })

    expect(verdict.state).toBe('unavailable')
    const reason = verdict.state === 'unavailable' ? verdict.reason : ''
    await expect(`${reason}\n`).toMatchFileSnapshot(`testdata/errors/missing-${format}.txt`)
  })
})

test('apt: a need for "python3:any" is one for python3', async () => {
  const world = await emptyWorld('deb')
  const needs = { depends: 'python3:any (>= 3.5), python3' }

  const report = await world.report('1.0-1', [{ name: 'app', version: '1.0-1', relations: needs }], [['app']])

  expect(report).toMatchObject({ broken: [], assumed: ['python3', 'python3:any >= 3.5'] })
})

test('dnf: a dependency with "or" is fulfilled by what is there', async () => {
  const world = await emptyWorld('rpm')
  const needs = { depends: 'data | something-else, glibc | musl' }

  const report = await world.report(
    '1.0-1',
    [
      { name: 'app', version: '1.0-1', relations: needs },
      { name: 'data', version: '1.0-1' },
    ],
    [['app']],
  )

  expect(report.broken).toEqual([])
})
