import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readComponent, readLocalBlob } from '../../src/module/component-artifact.ts'
import { Podman } from '../clients/podman.ts'
import { imageIn } from '../contract/oci-store.ts'
import { busyboxImage } from '../jobs/busybox-image.ts'
import { type Checkout, type ModuleWorld, moduleRepository, moduleWorld } from './btp-manager.ts'

// Whole releases, several of them in some tests, beside other tests.
vi.setConfig({ testTimeout: 240_000 })

let world: ModuleWorld
let checkout: Checkout

beforeEach(async () => {
  world = await moduleWorld()
  checkout = await world.checkout()
})
afterEach(() => world.stop())

const assets = [
  'btp-manager.yaml',
  'btp-operator-default-cr.yaml',
  'template.yaml',
  'template_control_plane.yaml',
]

const said = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string =>
  `${stdout}\n${stderr}`

/** 1.1.0 is out, and one pull request was merged since. */
async function released(): Promise<void> {
  const { world: github } = world.github
  const head = (await github.git.resolve('refs/heads/main')) ?? ''
  await github.tag('1.1.0', head)
  github.addRelease('1.1.0', {})
  const pull = await github.openPull({ title: 'Greet politely', labels: ['kind/feature'] })
  await github.merge(pull.number)
  checkout = await world.checkout()
}

/** The only release with this tag. */
function theRelease(tag: string) {
  const found = world.github.world.releases.filter((one) => one.tag === tag)
  expect(found).toHaveLength(1)
  const [release] = found
  if (release === undefined) throw new Error('There is no release')
  return release
}

const headOfMain = async (): Promise<string> =>
  (await world.github.world.git.resolve('refs/heads/main')) ?? ''

const nothing = { bump: 'false', credentials: 'dummy' }

describe('the module release', () => {
  test('P1: an existing tag stops it in validation, is named, and nothing is created', async () => {
    const { world: github } = world.github
    await github.tag('1.2.0', await headOfMain())

    const ended = await checkout.release('1.2.0', { bump: 'true' })

    expect(ended.code).not.toBe(0)
    expect(said(ended)).toContain('The tag "1.2.0"')
    expect(github.releases).toEqual([])
    expect(github.pulls).toEqual([])
    expect(await world.repository('prod/btp-manager').resolve('1.2.0')).toBeUndefined()
  })

  test('P2: merged pull requests without exactly one category are listed by address, and nothing is created', async () => {
    await released()
    const { world: github } = world.github
    const merge = async (title: string, labels: readonly string[]): Promise<number> => {
      const { number } = await github.openPull({ title, labels })
      await github.merge(number)
      return number
    }
    const right = await merge('A bug', ['kind/bug'])
    const none = await merge('Nothing', [])
    const both = await merge('Both', ['kind/feature', 'kind/bug'])
    checkout = await world.checkout()
    const before = github.pulls.length

    const ended = await checkout.release('1.2.0', nothing)

    expect(ended.code).not.toBe(0)
    for (const number of [none, both]) expect(said(ended)).toContain(`/pull/${number}`)
    expect(said(ended)).not.toContain(`/pull/${right} `)
    expect(github.releases.map(({ tag }) => tag)).toEqual(['1.1.0'])
    expect(await github.git.resolve('refs/tags/1.2.0')).toBeUndefined()
    expect(github.pulls).toHaveLength(before)
  })

  test('P3: old images are warnings, the run continues, and they are not taken for those of this release', async () => {
    await released()
    const old = await imageIn(world.repository('prod/btp-manager'))
    await world.repository('prod/btp-manager').putManifest(old.manifest, '1.2.0')
    const oldModule = await imageIn(world.repository(moduleRepository))
    await world.repository(moduleRepository).putManifest(oldModule.manifest, 'v1.2.0')

    const plan = await checkout.hawser(
      ...['plan', '1.2.0', '--input', `registry=${world.registry.host}/kyma-project`],
      ...['--input', 'bump=false', '--input', 'credentials=dummy'],
    )

    expect(said(plan)).toMatch(/warning: old images are there.*btp-manager:1\.2\.0.*btp-operator:v1\.2\.0/)
  })

  test('P4: one pull request brings the scanner configuration; the run waits, and the tag points to the merge', async () => {
    await released()
    const { world: github } = world.github
    const running = checkout.release('1.2.0', { credentials: 'dummy' })
    const pull = await until(() =>
      github.pulls.find(({ title, labels }) => title.startsWith('Bump') && labels.length > 0),
    )
    expect(pull).toMatchObject({
      title: 'Bump sec-scanners-config.yaml to 1.2.0',
      labels: ['kind/enhancement'],
    })
    expect(await github.git.resolve('refs/tags/1.2.0')).toBeUndefined()
    const merge = await github.merge(pull.number)

    const ended = await running

    expect(ended).toMatchObject({ code: 0 })
    expect(await github.git.resolve('refs/tags/1.2.0^{commit}')).toBe(merge)
    expect(github.pulls.filter(({ title }) => title.startsWith('Bump'))).toHaveLength(1)
    const merged = await world.checkout()
    const scanners = await readFile(join(merged.root, 'sec-scanners-config.yaml'), 'utf8')
    expect(scanners).toContain('# Read by the scanners')
    expect(scanners).toContain('rc-tag: 1.2.0')
    expect(scanners).toContain('prod/btp-manager:1.2.0')
  })

  test('P4: closed without a merge, it stops and says so', async () => {
    await released()
    const { world: github } = world.github
    const running = checkout.release('1.2.0', { credentials: 'dummy' })
    const pull = await until(() => github.pulls.find(({ title }) => title.startsWith('Bump')))
    github.closePull(pull.number)

    const ended = await running

    expect(ended.code).not.toBe(0)
    expect(said(ended)).toMatch(/closed/)
    expect(await github.git.resolve('refs/tags/1.2.0')).toBeUndefined()
  })

  test('what others merge during the review is not released unseen: the release stops, and names it', async () => {
    await released()
    const { world: github } = world.github
    const running = checkout.release('1.2.0', { credentials: 'dummy' })
    const bump = await until(() => github.pulls.find(({ title }) => title.startsWith('Bump')))
    const late = await github.openPull({ title: 'In the last minute', labels: ['kind/bug'] })
    await github.merge(late.number)
    await github.merge(bump.number)

    const ended = await running

    expect(ended.code).not.toBe(0)
    expect(said(ended)).toMatch(/these commits were not validated by it:[\s\S]*In the last minute/)
    expect(await github.git.resolve('refs/tags/1.2.0')).toBeUndefined()
  })

  test('P5, P6, P7: without the bump the head of main is tagged; notes are grouped; exactly four assets; the module names the image', async () => {
    await released()
    const { world: github } = world.github

    const ended = await checkout.release('1.2.0', nothing)

    expect(ended).toMatchObject({ code: 0 })
    expect(github.pulls.filter(({ title }) => title.startsWith('Bump'))).toEqual([])
    expect(await github.git.resolve('refs/tags/1.2.0^{commit}')).toBe(await headOfMain())
    const release = theRelease('1.2.0')
    expect(release.isDraft).toBe(false)
    expect(release.name).toBe('1.2.0')
    expect(release.body).toMatch(/### New feature\n[^#]*Greet politely/)
    expect(release.assets.map(({ name }) => name).toSorted()).toEqual(assets)
    const order = ended.stderr
    expect(order.indexOf('✓ draft')).toBeGreaterThan(0)
    expect(order.indexOf('✓ draft')).toBeLessThan(order.indexOf('> push:btp-manager'))
    const image = `${world.registry.host}/kyma-project/prod/btp-manager:1.2.0`
    expect(await world.repository('prod/btp-manager').resolve('1.2.0')).toBeDefined()
    const component = await readComponent(world.repository(moduleRepository), 'v1.2.0')
    const manifest =
      component && (await readLocalBlob(world.repository(moduleRepository), component, 'raw-manifest'))
    expect(Buffer.from(manifest ?? []).toString()).toMatch(new RegExp(`image: "?${image}"?\n`))
    const again = await checkout.release('1.2.0', nothing)
    expect(said(again)).toContain('already true')
    expect(again.code).toBe(0)
  })

  test('P8: with dummy credentials the upgrade test is reported as skipped, and the release is published', async () => {
    await released()

    const ended = await checkout.release('1.2.0', nothing)

    expect(ended).toMatchObject({ code: 0 })
    expect(said(ended)).toMatch(/- upgrade-test {2}skipped/)
    expect(theRelease('1.2.0').isDraft).toBe(false)
  })

  test('P8: with real credentials the upgrade test runs, and its failure blocks publishing', async () => {
    await released()
    await writeFile(join(checkout.root, 'bin/fail-upgrade-test'), '')

    const ended = await checkout.release('1.2.0', { bump: 'false', credentials: 'real' })

    expect(ended.code).not.toBe(0)
    expect(said(ended)).toMatch(/upgrade test/)
    expect(theRelease('1.2.0').isDraft).toBe(true)
  })

  test('P9: a build elsewhere that fails, or never reports, keeps it a draft; no test starts, and the status is named', async () => {
    await world.stop()
    world = await moduleWorld((files) => {
      files['hawser.yaml'] = withModuleBuild(files['hawser.yaml'] ?? '')
    })
    await released()
    const { world: github } = world.github
    const running = checkout.release('1.2.0', nothing)
    const commit = await until(
      async () => (await github.git.resolve('refs/tags/1.2.0^{commit}')) ?? undefined,
    )
    github.setStatus({
      commit,
      context: 'post-btp-manager-module-build',
      state: 'failure',
      description: 'out of memory',
    })

    const ended = await running

    expect(ended.code).not.toBe(0)
    expect(said(ended)).toContain('post-btp-manager-module-build')
    for (const job of ['stress-test', 'e2e-test']) expect(ended.stderr).not.toContain(`✓ ${job}`)
    expect(theRelease('1.2.0').isDraft).toBe(true)

    const late = await checkout.release('1.2.0', nothing)
    expect(late.code).not.toBe(0)
    expect(said(late)).toContain('post-btp-manager-module-build')
    expect(theRelease('1.2.0').isDraft).toBe(true)
  })

  test('P10: release and tag deleted, images left: the same version completes again, with freshly built artifacts', async () => {
    await released()
    expect(await checkout.release('1.2.0', nothing)).toMatchObject({ code: 0 })
    const { world: github } = world.github
    github.releases.splice(
      github.releases.findIndex(({ tag }) => tag === '1.2.0'),
      1,
    )
    await github.git.deleteReference('refs/tags/1.2.0')
    const fresh = await world.checkout()

    const ended = await fresh.release('1.2.0', nothing)

    expect(ended).toMatchObject({ code: 0 })
    expect(said(ended)).toMatch(/warning: old images are there/)
    expect(theRelease('1.2.0').isDraft).toBe(false)
    expect(theRelease('1.2.0').assets).toHaveLength(4)
  })

  test('a draft that a failed test left is replaced: removed, then the version is released whole', async () => {
    await released()
    const failing = join(checkout.root, 'bin/fail-upgrade-test')
    await writeFile(failing, '')
    const real = { bump: 'false', credentials: 'real' }
    expect((await checkout.release('1.2.0', real)).code).not.toBe(0)
    const left = theRelease('1.2.0')
    expect(left.isDraft).toBe(true)
    await rm(failing)

    const ended = await checkout.replace('1.2.0', real)

    expect(ended).toMatchObject({ code: 0 })
    expect(theRelease('1.2.0').id).not.toBe(left.id)
    expect(theRelease('1.2.0').isDraft).toBe(false)
    expect(
      theRelease('1.2.0')
        .assets.map(({ name }) => name)
        .toSorted(),
    ).toEqual(assets)
  })

  test('each test has a cluster of its own, which is taken away also when the test fails', async () => {
    await released()
    // Debian has no k3d; what the recipe asks of it is what counts here.
    const calls = join(world.tools, 'calls')
    await writeFile(join(world.tools, 'k3d'), `#!/bin/sh\necho "$*" >> ${calls}\necho "/$3.yaml"\n`, {
      mode: 0o755,
    })
    await writeFile(join(checkout.root, 'bin/fail-e2e-test'), '')

    const ended = await checkout.release('1.2.0', { ...nothing, cluster: 'k3d' })

    expect(ended.code).not.toBe(0)
    expect(said(ended)).toMatch(/E2E test/)
    const asked = (await readFile(calls, 'utf8')).split('\n')
    const named = (verb: string): string[] =>
      asked.flatMap((line) => line.match(`^cluster ${verb} (test-[^ ]+)`)?.[1] ?? []).toSorted()
    expect(new Set(named('create')).size).toBe(2)
    expect(named('delete')).toEqual(named('create'))
  })

  test('a test may run in a container', async () => {
    await world.stop()
    const podman = await Podman.create()
    try {
      const image = await busyboxImage(podman)
      world = await moduleWorld((files) => {
        files['hawser.yaml'] = inContainer(files['hawser.yaml'] ?? '', image)
      }, podman.environment)
      await released()

      const ended = await checkout.release('1.2.0', nothing)

      expect(ended).toMatchObject({ code: 0 })
      expect(said(ended)).toMatch(/✓ stress-test/)
      expect(theRelease('1.2.0').isDraft).toBe(false)
      expect((await podman.must('podman', 'ps', '--all', '--quiet')).trim()).toBe('')
    } finally {
      await podman.remove()
    }
  })

  test('two at once in one checkout: one proceeds, the other is told who holds it and follows it', async () => {
    await released()
    const { world: github } = world.github
    checkout = await world.checkout('durable')
    const first = checkout.start('1.2.0', { credentials: 'dummy' })
    const pull = await until(() => github.pulls.find(({ title }) => title.startsWith('Bump')))
    const second = checkout.start('1.2.0', { credentials: 'dummy' })
    await second.says(`The process ${first.child.pid} has had this project's engine since`)
    await github.merge(pull.number)

    const ended = await Promise.all([first.ended, second.ended])

    expect(ended).toMatchObject([{ code: 0 }, { code: 0 }])
    expectOneOfEach()
  })

  test('two at once on two machines end in one pull request, one tag and one release', async () => {
    await released()
    const { world: github } = world.github
    const machines = [checkout, await world.checkout()]
    const running = machines.map((machine) => machine.release('1.2.0', { credentials: 'dummy' }))
    const pull = await until(() => github.pulls.find(({ title }) => title.startsWith('Bump')))
    await github.merge(pull.number)

    const ended = await Promise.all(running)

    expect(ended.map(({ code }) => code)).toContain(0)
    expectOneOfEach()
  })
})

function expectOneOfEach(): void {
  const { world: github } = world.github
  expect(github.pulls.filter(({ title }) => title.startsWith('Bump'))).toHaveLength(1)
  expect(theRelease('1.2.0').isDraft).toBe(false)
  expect(
    theRelease('1.2.0')
      .assets.map(({ name }) => name)
      .toSorted(),
  ).toEqual(assets)
}

/** The same release where another system builds the module, as the origin's did: a status of the tagged commit says how it ended. */
const withModuleBuild = (text: string): string =>
  `${text.replaceAll('needs: [push-image, push-module]', 'needs: [push-image, push-module, module-build]')}
    - id: module-build
      step: run-job
      needs: [assets]
      with: { name: module build, job: { provider: commit-status, options: { context: post-btp-manager-module-build } }, limitMs: 4000, againAfterMs: 200 }
`

/** The stress test in a container, with the project at its side. */
const inContainer = (text: string, image: string): string =>
  text.replace(
    /job: \{ provider: process, options: \{ run: jobs\/cluster jobs\/stress-test, .*? \} \} \}/,
    `job: { provider: container, options: { image: '${image}', tool: podman, command: [sh, jobs/stress-test] } }`,
  )

/** Polled: the world has no event for it. */
async function until<Found>(look: () => Found | undefined | Promise<Found | undefined>): Promise<Found> {
  const limit = Date.now() + 30_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > limit) throw new Error('It did not happen within half a minute')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
