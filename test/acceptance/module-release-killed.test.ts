import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Fault } from '../servers/github/faults.ts'
import { seededRandom } from '../servers/s3-faults.ts'
import { type ModuleWorld, moduleRepository, moduleWorld } from './btp-manager.ts'

// HAWSER_KILL_ALL=1: a hundred moments; else some.
const kills = process.env['HAWSER_KILL_ALL'] === '1' ? 100 : 8
const perRelease = 4

let world: ModuleWorld
beforeEach(async () => {
  world = await moduleWorld()
})
afterEach(() => world.stop())

const faults: readonly Fault[] = [
  { kind: 'drop' },
  { kind: 'lost answer' },
  { kind: 'bad gateway after success' },
  { kind: 'answer', status: 500 },
  { kind: 'secondary limit', status: 403, retryAfter: 0 },
]

test('killed at random moments, with faults of GitHub, it converges: one pull request, one tag, one release, one of each asset', async () => {
  const { world: github, switches } = world.github
  const random = seededRandom(20261121)
  await github.tag('1.0.0', (await github.git.resolve('refs/heads/main')) ?? '')
  github.addRelease('1.0.0', {})
  for (let round = 0; round * perRelease < kills; round++) {
    const version = `2.${round}.0`
    const { number } = await github.openPull({ title: `Change ${round}`, labels: ['kind/feature'] })
    await github.merge(number)
    const checkout = await world.checkout()
    // Whoever looks after the repository merges what is proposed.
    const merging = setInterval(() => {
      const open = github.pulls.find(
        ({ title, state }) => title.endsWith(` to ${version}`) && state === 'open',
      )
      if (open !== undefined) github.merge(open.number).catch(() => undefined)
    }, 400)
    switches.fault = () => (random() < 0.06 ? faults[Math.floor(random() * faults.length)] : undefined)
    for (let kill = 0; kill < perRelease; kill++) {
      const running = checkout.start(version, { credentials: 'dummy' })
      const timer = setTimeout(
        () => {
          if (running.child.pid !== undefined) process.kill(-running.child.pid, 'SIGKILL')
        },
        500 + random() * 4500,
      )
      await running.ended
      clearTimeout(timer)
    }
    switches.fault = () => undefined

    const ended = await checkout.release(version, { credentials: 'dummy' })

    clearInterval(merging)
    expect(ended.code, `round ${round}: ${ended.stderr.slice(-2500)}`).toBe(0)
    expect(github.pulls.filter(({ title }) => title.endsWith(` to ${version}`))).toHaveLength(1)
    const releases = github.releases.filter(({ tag }) => tag === version)
    expect(releases.map(({ isDraft }) => isDraft)).toEqual([false])
    expect(releases[0]?.assets.map(({ name }) => name).toSorted()).toEqual([
      'btp-manager.yaml',
      'btp-operator-default-cr.yaml',
      'template.yaml',
      'template_control_plane.yaml',
    ])
    const bump = github.pulls.find(({ title }) => title.endsWith(` to ${version}`))
    expect(await github.git.resolve(`refs/tags/${version}^{commit}`)).toBe(bump?.mergeCommit)
    expect(await world.repository(moduleRepository).resolve(`v${version}`)).toBeDefined()
  }
}, 1_800_000)
