import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { otherBytes, type RepositoryProject, repositoryProject } from './repo-project.ts'
import { type World, worldOf } from './world.ts'

let project: RepositoryProject
beforeAll(async () => {
  project = await repositoryProject({ debian: {}, stage: {}, fedora: { format: 'dnf' } })
})
afterAll(() => project.remove())

const pool = (number: number) =>
  `pool/main/s/sample-00000${number}/sample-00000${number}_1.${number}.${number}-1_amd64.deb`
const paths = (mark: string, ...numbers: readonly number[]) =>
  numbers.map((number) => `${mark} ${pool(number)}\n`).join('')

/** Runs it, and gives what it printed on stdout. */
async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await project.repo(...args)
  expect(code, `${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0)
  return stdout
}
const asJson = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse(await run(...args, '--json'))
const world = (): Promise<World> => worldOf(project)

/** Runs it again, and expects that this changes no file. */
async function again(...args: readonly string[]): Promise<string> {
  const before = await world()
  const stdout = await run(...args)
  expect(await world()).toEqual(before)
  return stdout
}
const namesIn = async (name: string): Promise<readonly string[]> =>
  (await run('list', name))
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')

describe('the life of a repository of deb packages', () => {
  test('init makes an empty signed one with its client files', async () => {
    expect(await run('init', 'debian')).toBe('The repository "debian" is there.\n')

    expect(await readdir(project.published('debian'))).toEqual(
      expect.arrayContaining(['debian.asc', 'debian.gpg', 'debian.sources', 'dists']),
    )
    expect(await run('list', 'debian')).toBe('')
    expect(await again('init', 'debian')).toBe('The repository "debian" is there.\n')
    expect(await asJson('init', 'debian')).toMatchObject({ added: [], kept: [] })
  })

  test('add takes files and folders, and tells what was there', async () => {
    const [first = ''] = project.debs

    expect(await run('add', 'debian', first)).toBe(paths('+', 0))
    expect(await run('add', 'debian', '../debs')).toBe(paths('+', 1, 2) + paths('=', 0))
    expect(await again('add', 'debian', '../debs')).toBe(paths('=', 0, 1, 2))
    expect(await asJson('add', 'debian', first)).toMatchObject({ added: [], kept: [{ path: pool(0) }] })
  })

  test('list has a line for each package, as JSON with digest and size', async () => {
    const [first = '', ...others] = (await again('list', 'debian')).trim().split('\n')
    expect(first).toBe(`sample-000000 1.0.0-1 amd64  ${pool(0)}`)
    expect(others).toHaveLength(2)

    const [line = ''] = (await run('list', 'debian', '--json')).split('\n')
    const bytes = await readFile(project.published('debian', pool(0)))
    expect(JSON.parse(line)).toMatchObject({
      name: 'sample-000000',
      version: '1.0.0-1',
      architecture: 'amd64',
      path: pool(0),
      sizeBytes: bytes.length,
      listedIn: ['main/binary-amd64/Packages'],
    })
  })

  test('promote brings chosen packages into another one, or all', async () => {
    expect(await run('promote', 'debian', 'stage', 'sample-000001=1.1.1-1')).toBe(paths('+', 1))
    expect(await again('promote', 'debian', 'stage', 'sample-000001=1.1.1-1')).toBe(paths('=', 1))
    expect(await run('copy', 'debian', 'stage')).toBe(paths('+', 0, 2) + paths('=', 1))

    expect(await readFile(project.published('stage', pool(1)))).toEqual(
      await readFile(project.published('debian', pool(1))),
    )
    expect(await run('history', 'stage')).toMatch(/^2 .* copy {2}from debian {2}\+2 {2}hello/)
  })

  test('remove takes packages out of the index and leaves their files', async () => {
    expect(await run('remove', 'debian', 'sample-000001', 'sample-000002=1.2.2-1:amd64')).toBe(
      paths('-', 1, 2),
    )

    expect(await namesIn('debian')).toEqual(['sample-000000'])
    expect((await readFile(project.published('debian', pool(1)))).length).toBeGreaterThan(0)
    expect((await project.repo('remove', 'debian', 'sample-000001')).code).toBe(2)
  })

  test('history says what was done, the newest first', async () => {
    const commit = (await project.git('rev-parse', 'HEAD')).trim()
    const lines = (await again('history', 'debian')).trim().split('\n')

    const date = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^4  ${date}  remove  -2  hello  ${commit.slice(0, 12)}$`)),
      expect.stringMatching(new RegExp(`^3  ${date}  publish  \\+2  hello  `)),
      expect.stringMatching(new RegExp(`^2  ${date}  publish  \\+1  hello  [0-9a-f]{12}  ${pool(0)}$`)),
      expect.stringMatching(new RegExp(`^1  ${date}  init  hello  `)),
    ])
    expect(await asJson('history', 'debian')).toMatchObject([
      { sequence: 4, cause: { kind: 'remove', project: 'hello', commit }, removedCount: 2 },
      { sequence: 3, addedCount: 2, added: [{ path: pool(1) }, { path: pool(2) }] },
      { sequence: 2 },
      { sequence: 1, cause: { kind: 'init' } },
    ])
  })

  test('rollback brings an earlier generation back, also one that was rolled back', async () => {
    expect(await run('rollback', 'debian', '--to', '3')).toMatch(
      /^Readers of "debian" see generation 3 \(.*\) again\.\n$/,
    )
    expect(await namesIn('debian')).toHaveLength(3)
    await again('rollback', 'debian', '--to', '3')

    expect(await asJson('rollback', 'debian', '--to', '4')).toMatchObject({ sequence: 4 })
    expect(await namesIn('debian')).toEqual(['sample-000000'])
    expect(await run('history', 'debian')).toMatch(/^6 .* rollback {2}to 4 {2}.*\n5 .* rollback {2}to 3 {2}/)
  })

  test('refresh signs anew and changes no index', async () => {
    const bodies = async () =>
      Object.entries(await world()).filter(([path]) =>
        /^repositories\/debian\/.*\/(by-hash|pool)\//.test(path),
      )
    const before = await bodies()

    expect(await run('refresh', 'debian')).toBe('"debian" is signed anew.\n')
    expect(await asJson('refresh', 'debian')).toEqual({ refreshed: 'debian' })

    expect(await bodies()).toEqual(before)
    expect(await run('history', 'debian')).toMatch(/^8 .* refresh {2}hello/)
  })

  test('gc tells what would go, deletes just that, and then finds nothing more', async () => {
    const options = ['--keep', '1', '--grace', '0s']
    const told = await run('gc', 'debian', ...options, '--dry-run')
    const before = await world()
    expect(await run('gc', 'debian', '--keep', '1', '--dry-run')).toBe('')

    expect(await run('gc', 'debian', ...options)).toBe(told)

    const after = await world()
    const gone = Object.keys(before).filter(
      (path) => after[path] === undefined && !before[path]?.startsWith('folder'),
    )
    expect(gone.map((path) => `- ${path.slice('repositories/debian/'.length)}`).toSorted()).toEqual(
      told.trim().split('\n').toSorted(),
    )
    expect(told).toContain(paths('-', 1, 2))
    expect(told).not.toContain(pool(0))
    expect(await again('gc', 'debian', ...options)).toBe('')
    expect(await asJson('gc', 'debian', ...options)).toEqual({ keptGenerations: 1, deleted: [] })
  })

  test('history after gc ends with the generation that is gone', async () => {
    const [newest, ...older] = (await run('history', 'debian')).trim().split('\n')

    expect(newest).toMatch(/^8 /)
    expect(older).toEqual(['7  (its record is gone; older ones are not known)'])
    expect((await project.repo('rollback', 'debian', '--to', '3')).code).toBe(2)
  })

  test('verify reads all of it back', async () => {
    for (const name of ['debian', 'stage']) {
      expect(await again('verify', name, '--deep')).toBe('')
      expect(await asJson('verify', name)).toEqual([])
    }
  })

  test('export writes a plain copy without our records', async () => {
    const to = project.outside('exported')
    const told = await again('export', 'stage', '../exported')

    const files = await readdir(to, { recursive: true, withFileTypes: true })
    const listed = files.filter((file) => file.isFile() && !file.parentPath.includes('.hawser-storage'))
    expect(told).toBe(`${listed.length} files are in "../exported".\n`)
    expect(await readdir(to)).not.toContain('.hawser')
    expect(await readFile(join(to, 'dists/stable/InRelease'))).toEqual(
      await readFile(project.published('stage/dists/stable/InRelease')),
    )
    expect(await asJson('export', 'stage', '../exported')).toEqual({
      folder: '../exported',
      files: listed.length,
    })
  })

  test('a package that is released with other bytes is refused, and nothing changes', async () => {
    await otherBytes(join(project.root, project.debs[0] ?? ''), project.outside('other.deb'))
    const before = await world()

    const { code, stdout, stderr } = await project.repo('add', 'debian', '../other.deb')

    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toContain('REPOSITORY_SWAP')
    expect(await world()).toEqual(before)
  })
})

test('a repository of rpm packages has the same life', async () => {
  await run('init', 'fedora')
  expect((await run('add', 'fedora', ...project.rpms)).trim().split('\n')).toHaveLength(3)
  expect(await again('add', 'fedora', ...project.rpms)).toMatch(/^(= .*\n){3}$/)
  expect(await namesIn('fedora')).toEqual(['sample-000000', 'sample-000001', 'sample-000002'])
  expect(await run('remove', 'fedora', 'sample-000001')).toMatch(/^- .*sample-000001.*\.rpm\n$/)
  expect(await namesIn('fedora')).toEqual(['sample-000000', 'sample-000002'])
  await run('rollback', 'fedora', '--to', '2')
  expect(await namesIn('fedora')).toHaveLength(3)
  await run('refresh', 'fedora')
  expect(await run('gc', 'fedora', '--keep', '1', '--grace', '0s')).not.toContain('.rpm')
  expect(await again('verify', 'fedora', '--deep')).toBe('')
  expect(await run('history', 'fedora')).toMatch(/^5 .* refresh .*\n4 {2}\(its record is gone/)
  expect(await run('export', 'fedora', '../exported-rpms')).toMatch(/^\d+ files are in /)
})
