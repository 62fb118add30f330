import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type GitHubStandIn, startGitHub } from '../servers/github/github.ts'
import type { Ended } from './hawser.ts'
import { commit, emptyProject, type TestProject, version } from './project.ts'

let github: GitHubStandIn
let project: TestProject
beforeEach(async () => {
  github = await startGitHub()
  project = await emptyProject({ engine: 'durable' })
  await project.write('.gitignore', '/.hawser/\n/dist/\n')
  await project.write('.github/CODEOWNERS', 'hawser.yaml @bea\n')
  await project.write('greeting.txt', 'Hello, world.\n')
})
afterEach(async () => {
  await github.close()
  await project.remove()
})

/** Commits the project, asking a person before it is published or not, and pushes it. */
async function declare(title: string, asks: boolean): Promise<string> {
  const steps = '{ id: ship, gate: Ship it?, needs: [assets], before: [publish-release] }'
  await project.write(
    'hawser.yaml',
    `project: hello
forge:
  github: { repository: ${github.repository}, baseUrl: '${github.baseUrl}', token: env:GITHUB_TOKEN }
release:
  tag: \${version}
  notes: Says hello.
  assets: [greeting.txt]
${asks ? `pipeline: { steps: [${steps}] }\n` : ''}`,
  )
  await commit(project, title)
  await project.git('push', '--quiet', '--force', github.pushUrl, 'main')
  return (await project.git('rev-parse', 'HEAD')).trim()
}

const hawser = (...args: readonly string[]): Promise<Ended> =>
  project.hawser(args, { environment: { GITHUB_TOKEN: github.token } })

const stateOf = ({ code, stdout, stderr }: Ended): string => `${code} ${stdout} ${stderr}`

const releases = () => github.world.releases

describe('a gate of a release on GitHub', () => {
  test('is decided by the merge of a pull request, and not before', async () => {
    await declare('Say hello', true)
    expect(stateOf(await hawser('release', version, '--yes'))).toMatch(/^3 /)
    const { number } = await github.world.openPull({ title: 'Ship 1.0.0', author: 'ann' })
    const before = await hawser('approve', 'ship', '--pull-request', `${number}`)
    expect(stateOf(before)).toMatch(/^2 +PULL_REQUEST_UNDECIDED/)

    const merge = await github.world.merge(number)

    const approved = await hawser('approve', 'ship', '--pull-request', `#${number}`)
    expect(stateOf(approved)).toMatch(
      /^0 Approved "ship" of hello\/1\.0\.0#1 as merged pull request #\d+, taken over by /,
    )
    const [run] = JSON.parse((await hawser('status', '--json')).stdout)
    expect(run.nodes.ship.decision).toMatchObject({
      reason: `#${number} Ship 1.0.0`,
      decidedBy: { kind: 'merge', commit: merge },
    })
    expect(stateOf(await hawser('resume'))).toMatch(/^0 /)
    expect(releases().map(({ isDraft, tag }) => [tag, isDraft])).toEqual([[version, false]])
  })

  test('is decided by the review of a code owner, and by nobody else', async () => {
    await declare('Say hello', true)
    expect(stateOf(await hawser('release', version, '--yes'))).toMatch(/^3 /)
    const { number } = await github.world.openPull({ title: 'Ship 1.0.0', author: 'ann' })
    github.world.review(number, { author: 'cem', state: 'APPROVED' })
    const other = await hawser('approve', 'ship', '--pull-request', `${number}`)
    expect(stateOf(other)).toMatch(/^2 +PULL_REQUEST_UNDECIDED/)

    github.world.review(number, { author: 'bea', state: 'CHANGES_REQUESTED' })

    const rejected = await hawser('reject', 'ship', '--pull-request', `${number}`)
    expect(stateOf(rejected)).toMatch(/^0 Rejected "ship" of hello\/1\.0\.0#1 as @bea, taken over by /)
    expect(releases().map(({ isDraft }) => isDraft)).toEqual([true])
  })
})

describe('hawser replace on GitHub', () => {
  test('leaves one release, one tag and one of each asset, of the new commit', async () => {
    await declare('Say hello', true)
    expect(stateOf(await hawser('release', version, '--yes'))).toMatch(/^3 /)
    expect((await hawser('cancel')).code).toBe(0)
    await project.write('greeting.txt', 'Hello, people.\n')
    const fixed = await declare('Greet people', false)

    const ended = await hawser('replace', version, '--yes', '--reason', 'greets the wrong ones')

    expect(stateOf(ended)).toMatch(/^0 /)
    expect(releases().map(({ tag, isDraft, assets }) => [tag, isDraft, assets.length])).toEqual([
      [version, false, 2],
    ])
    expect(await github.world.git.resolve(`refs/tags/${version}^{commit}`)).toBe(fixed)
  })

  test('never touches an immutable release, and the one before only by force', async () => {
    await declare('Say hello', false)
    expect(stateOf(await hawser('release', version, '--yes'))).toMatch(/^0 /)
    await declare('Say it again', true)
    expect(stateOf(await hawser('replace', version, '--yes'))).toMatch(/^5 .*RELEASE_PUBLISHED/s)
    github.switches.immutableReleases = true
    expect(stateOf(await hawser('release', '2.0.0', '--yes'))).toMatch(/^3 /)
    expect((await hawser('approve', 'ship', '--reason', 'good')).code).toBe(0)
    expect(stateOf(await hawser('resume'))).toMatch(/^0 /)
    await declare('And again', false)

    const ended = await hawser('replace', '2.0.0', '--yes', '--force-published', '--reason', 'bad')

    expect(stateOf(ended)).toMatch(/^5 .*RELEASE_IMMUTABLE/s)
    expect(releases()).toHaveLength(2)
  })
})
