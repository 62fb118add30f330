import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openpgpVerifier } from '../../src/signing/openpgp/verifier.ts'
import { environmentProject, question, recordIn, sha256 } from './environment-project.ts'
import { type TestProject, version } from './project.ts'
import { differences, touchesOf, worldOf } from './world.ts'

const release = ['release', version, '--yes']
const pools: Readonly<Record<string, string>> = {
  debian: 'pool/main/h/hello/hello_1.0.0-1_amd64.deb',
  fedora: 'packages/h/hello-1.0.0-1.x86_64.rpm',
}

let template: TestProject
let staged: TestProject
let project: TestProject
let copies = 0
beforeAll(async () => {
  template = await environmentProject({ engine: 'durable' })
  staged = await template.copy('staged')
  await staged.git('switch', '--quiet', 'dev')
  const { code, stdout, stderr } = await staged.hawser(release)
  expect(`${code} ${stdout}${stderr}`).toMatch(/^0 /)
})
beforeEach(async () => {
  project = await staged.copyTo(join(template.root, `../copy-${++copies}`))
  await project.git('switch', '--quiet', 'main')
})
afterAll(() => template.remove())

const at = (...parts: readonly string[]): string => join(project.root, 'repositories', ...parts)
const bytesAt = (...parts: readonly string[]) => readFile(at(...parts))
const repositories = async (): Promise<readonly string[]> => (await readdir(at())).toSorted()

async function recordsIn(repository: string, kind: string): Promise<readonly Record<string, unknown>[]> {
  const folder = join(
    at(repository),
    '.hawser',
    repository.startsWith('debian') ? 'dists/stable' : 'repodata',
    kind,
  )
  const records: Record<string, unknown>[] = []
  for (const name of (await readdir(folder)).toSorted()) {
    records.push(recordIn(await readFile(join(folder, name), 'utf8')))
  }
  return records
}

const text = ({ code, stdout, stderr }: Awaited<ReturnType<TestProject['hawser']>>): string =>
  `${code} ${stdout}${stderr}`

describe('P19', () => {
  test('dev branch publishes to staging automatically; main waits for a manual publish', async () => {
    expect(await repositories()).toEqual(['debian-staging', 'fedora-staging'])
    expect(await project.git('tag')).toBe('')

    const waiting = await project.hawser(release)

    expect(text(waiting)).toContain('3 hello 1.0.0 waits for a decision')
    expect(waiting.stderr).toContain(question)
    expect(waiting.stderr).toMatch(/build:hello:deb:amd64.*branch main: production takes packages of staging/)
    expect(await repositories()).toEqual(['debian-staging', 'fedora-staging'])
    expect(await project.git('tag')).toBe('')

    const approved = await project.hawser([
      'approve',
      'approve:production',
      '--reason',
      'tests are green',
      version,
    ])
    expect(text(approved)).toMatch(/^0 /)
    expect(approved.stderr).toMatch(/take:debian hello_1\.0\.0-1_amd64\.deb sha256:/)
    const published = await project.hawser(['resume', version])

    expect(text(published)).toContain('0 hello 1.0.0 is published')
    expect(await project.git('tag')).toBe('v1.0.0\n')
    const [record] = await recordsIn('debian', 'promotions')
    expect(record?.['predicate']).toMatchObject({
      approval: {
        question,
        reason: 'tests are green',
        by: expect.stringContaining(' on '),
        at: expect.stringMatching(/^20.*Z$/),
      },
    })
    expect(text(await project.hawser(['verify', version]))).toMatch(/^0 /)
  })
})

const promote = (...more: readonly string[]) =>
  project.hawser(['promote', 'staging', 'production', version, '--yes', '--reason', 'looks right', ...more])

describe('a promotion', () => {
  test('is of exactly the bytes that were tested; only indexes are signed anew', async () => {
    // Whoever built again would get other bytes from here.
    await writeFile(join(project.root, 'files/greeting.txt'), 'Hello, other world.\n')
    await project.git('commit', '--quiet', '--all', '--message', 'Another greeting')

    expect(text(await promote())).toMatch(
      /^0 "production" has the packages of hello 1\.0\.0, as "staging" has them/,
    )

    for (const [name, path] of Object.entries(pools)) {
      expect(sha256(await bytesAt(name, path))).toBe(sha256(await bytesAt(`${name}-staging`, path)))
      expect(text(await project.hawser(['repo', 'verify', name, '--deep']))).toMatch(/^0 /)
    }
    const history = JSON.parse((await project.hawser(['repo', 'history', 'debian', '--json'])).stdout)
    expect(history[0].cause).toMatchObject({ kind: 'copy', from: 'debian-staging', version })
  })

  test('writes down, signed, from where, what, on which tests and whose word', async () => {
    await promote()

    const digest = sha256(await bytesAt('debian', pools['debian'] ?? ''))
    const [record, ...others] = await recordsIn('debian', 'promotions')
    expect(others).toEqual([])
    expect(record).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'urn:hawser:promotion:1',
      subject: [{ name: 'hello 1.0.0-1 amd64', digest: { sha256: digest } }],
      predicate: {
        release: { project: 'hello', version, commit: (await project.git('rev-parse', 'HEAD')).trim() },
        from: { environment: 'staging', repository: 'debian-staging' },
        to: { environment: 'production', repository: 'debian' },
        tests: [{ package: digest, record: expect.stringMatching(/^[0-9a-f]{64}$/) }],
        approval: { question, by: expect.stringContaining(' on '), reason: 'looks right' },
      },
    })
    expect(record?.['predicate']).not.toHaveProperty('waiver')
    const [tests] = await recordsIn('debian-staging', 'tests')
    expect(tests).toMatchObject({
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
      subject: [{ digest: { sha256: digest } }],
      predicate: { result: 'PASSED', passedTests: ['try'] },
    })
    const verifier = await openpgpVerifier([await readFile(at('debian', 'debian.asc'))])
    const folder = at('debian/.hawser/dists/stable/promotions')
    const [name = ''] = await readdir(folder)
    await verifier.verifyCleartext(await readFile(join(folder, name), 'utf8'))
  })

  test('a second time writes nothing, by hand as in a release', async () => {
    await promote()
    const before = await touchesOf(project)

    expect(text(await promote())).toMatch(
      /^0 "production" has the packages of hello 1\.0\.0 already; nothing/,
    )

    const after = await touchesOf(project)
    const changed = differences(before, after).filter((line) => !/\.(?:git|hawser\/store)/.test(line))
    expect(changed).toEqual([])
  })

  test('of a release that is published asks nobody a second time', async () => {
    await project.hawser(release)
    await project.hawser(['approve', 'approve:production', '--reason', 'green', version])
    expect(text(await project.hawser(['resume', version]))).toMatch(/^0 /)
    const world = await worldOf(project)

    const again = await project.hawser(release)

    expect(text(again)).toContain('0 Everything of hello 1.0.0 is already true; nothing was written.')
    expect(differences(world, await worldOf(project))).toEqual([])
  })

  test('of what no test has passed is recorded as waived, with who and why', async () => {
    for (const name of [
      'debian-staging/.hawser/dists/stable/tests',
      'fedora-staging/.hawser/repodata/tests',
    ]) {
      await rm(at(name), { recursive: true })
    }

    expect(text(await promote('--waive', 'tested by hand on 3 machines'))).toMatch(/^0 /)

    const [record] = await recordsIn('fedora', 'promotions')
    expect(record?.['predicate']).toMatchObject({
      tests: [],
      waiver: { reason: 'tested by hand on 3 machines', by: expect.stringContaining(' on ') },
    })
  })

  test('with a waiver that was not needed has none in its record', async () => {
    await promote('--waive', 'just in case')

    const [record] = await recordsIn('debian', 'promotions')
    expect(record?.['predicate']).not.toHaveProperty('waiver')
  })
})

test('red tests on staging: the packages stay where they are, and nothing of them gets to production', async () => {
  const red = await template.copy('red')
  await red.git('switch', '--quiet', 'dev')
  await red.write('red', '')
  expect(text(await red.hawser(release))).toMatch(/^[12] .*failed/s)
  await red.git('switch', '--quiet', 'main')

  const refused = await red.hawser(release)

  expect(text(refused)).toMatch(/^5 .*PROMOTION_UNTESTED/s)
  expect((await readdir(join(red.root, 'repositories'))).toSorted()).toEqual([
    'debian-staging',
    'fedora-staging',
  ])
  await rm(join(red.root, 'red'))
  await red.git('switch', '--quiet', 'dev')
  expect(text(await red.hawser(release))).toMatch(/^0 /)
  await red.git('switch', '--quiet', 'main')
  expect(text(await red.hawser(release))).toMatch(/^3 /)
})

describe('refused:', () => {
  const cases: readonly (readonly [string, () => Promise<readonly string[]>])[] = [
    [
      'add',
      async () => ['repo', 'add', 'debian', join('repositories/debian-staging', pools['debian'] ?? '')],
    ],
    ['copy', async () => ['repo', 'copy', 'debian-staging', 'debian']],
    ['promote-repository', async () => ['repo', 'promote', 'fedora-staging', 'fedora']],
    ['other-path', async () => ['promote', 'production', 'staging', version, '--yes']],
    ['unknown-environment', async () => ['promote', 'stagin', 'production', version, '--yes']],
    ['no-approval', async () => ['promote', 'staging', 'production', version, '--yes']],
    [
      'not-reached',
      async () => ['promote', 'staging', 'production', version, '--branch', 'dev', '--reason', 'x', '--yes'],
    ],
    ['absent', async () => ['promote', 'staging', 'production', '1.0.1', '--reason', 'x', '--yes']],
    [
      'waiver-without-reason',
      async () => ['promote', 'staging', 'production', version, '--waive', ' ', '--yes'],
    ],
    [
      'waiver-unused',
      async () => {
        await project.git('switch', '--quiet', 'dev')
        return ['release', version, '--waive', 'why not', '--yes']
      },
    ],
    ['branch-unreached', async () => ['plan', version, '--branch', 'feature/x']],
    [
      'branch-unknown',
      async () => {
        await project.git('switch', '--quiet', '--detach')
        return ['plan', version]
      },
    ],
    ['branch-form', async () => ['plan', version, '--branch', 'a b']],
    [
      'untested',
      async () => {
        await rm(at('debian-staging/.hawser/dists/stable/tests'), { recursive: true })
        return ['promote', 'staging', 'production', version, '--reason', 'x', '--yes']
      },
    ],
    [
      'tests-changed',
      async () => {
        const folder = at('debian-staging/.hawser/dists/stable/tests')
        const [name = ''] = await readdir(folder)
        const written = await readFile(join(folder, name), 'utf8')
        await writeFile(join(folder, name), written.replace('PASSED', 'Passed'))
        return ['promote', 'staging', 'production', version, '--reason', 'x', '--yes']
      },
    ],
    [
      'tests-of-another',
      async () => {
        const folder = at('debian-staging/.hawser/dists/stable/tests')
        const [name = ''] = await readdir(folder)
        const other = at('fedora-staging/.hawser/repodata/tests')
        const [foreign = ''] = await readdir(other)
        await writeFile(join(folder, name), await readFile(join(other, foreign)))
        return ['promote', 'staging', 'production', version, '--reason', 'x', '--yes']
      },
    ],
    [
      'damaged-package',
      async () => {
        const path = at('debian-staging', pools['debian'] ?? '')
        const bytes = await readFile(path)
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
        await rm(path)
        await writeFile(path, bytes)
        await rm(join(project.root, '.hawser/store'), { recursive: true })
        return ['promote', 'staging', 'production', version, '--reason', 'x', '--yes']
      },
    ],
  ]

  test.each(cases)('%s', async (name, prepare) => {
    const args = await prepare()

    const { code, stderr } = await project.hawser(args)

    const shown = stderr.slice(Math.max(0, stderr.search(/^(?:error|Error|[A-Z]+_[A-Z_]+:)/m)))
    const steady = shown
      .replaceAll(project.root, 'PROJECT')
      .replaceAll(/[0-9a-f]{64}/g, 'DIGEST')
      .replaceAll(/[0-9A-F]{40}/g, 'KEY')
    await expect(`exit ${code}\n${steady}`).toMatchFileSnapshot(`testdata/errors/environment-${name}.txt`)
    expect((await repositories()).filter((one) => !one.endsWith('-staging'))).toEqual([])
  })
})
