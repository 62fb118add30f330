import { afterEach, beforeEach, expect, test } from 'vitest'
import { mustRun } from '../clients/command.ts'
import type { Fault } from '../servers/github/faults.ts'
import { type FaultProxy, randomFaults, seededRandom, startFaultProxy } from '../servers/s3-faults.ts'
import type { Ended } from './hawser.ts'
import { mergeOpen, pushBranch } from './package-flow.ts'
import { debVersions, rpmVersions } from './package-readers.ts'
import { type PackageCheckout, type PackageWorld, packageWorld } from './package-world.ts'

// HAWSER_KILL_ALL=1: a hundred moments; else some.
const killsMin = process.env['HAWSER_KILL_ALL'] === '1' ? 100 : 4
const perRelease = { staging: 4, production: 4 }
let kills = 0

let world: PackageWorld
let proxy: FaultProxy
beforeEach(async () => {
  world = await packageWorld({
    s3Endpoint: async (endpoint) => {
      proxy = await startFaultProxy(endpoint)
      return proxy.endpoint
    },
  })
}, 120_000)
afterEach(async () => {
  await proxy.close()
  await world.stop()
})

const random = seededRandom(20261121)

const faults: readonly Fault[] = [
  { kind: 'drop' },
  { kind: 'lost answer' },
  { kind: 'bad gateway after success' },
  { kind: 'answer', status: 500 },
  { kind: 'secondary limit', status: 403, retryAfter: 0 },
]

function withFaults(areOn: boolean): void {
  proxy.decide = areOn ? randomFaults(Math.floor(random() * 1e6), 40) : () => undefined
  for (const { switches } of [world.packages, world.ket]) {
    // What KET's own tests clone is theirs: a job that fails has failed.
    switches.fault = ({ path }) =>
      areOn && !path.includes('.git/') && random() < 0.05
        ? faults[Math.floor(random() * faults.length)]
        : undefined
  }
}

/** Starts it and kills it at some moment, at most so often; the last time it is left alone, without faults. */
async function killed(checkout: PackageCheckout, args: readonly string[], times: number): Promise<Ended> {
  withFaults(true)
  for (let kill = 0; kill < times; kill++) {
    const running = checkout.start(...args)
    const timer = setTimeout(
      () => {
        if (running.child.pid !== undefined) process.kill(-running.child.pid, 'SIGKILL')
      },
      500 + random() * 9000,
    )
    const { signal } = await running.ended
    clearTimeout(timer)
    // It was faster, or a fault ended it: that was no kill.
    if (signal === 'SIGKILL') kills += 1
  }
  withFaults(false)
  return checkout.start(...args).ended
}

test('killed at random moments, with faults of S3 and GitHub, it converges: nothing is lost, nothing is there twice', async () => {
  const { ket, packages, buckets } = world
  for (let round = 1; kills < killsMin; round++) {
    const version = `1.5.2-${round}`
    await pushBranch(world, 'dev', { 'NOTES.md': `Build ${round}.\n` })
    const dev = await world.checkout('dev')
    const staged = await killed(dev, ['release', 'next', '--yes'], perRelease.staging)
    expect(staged.code, `round ${round}: ${staged.stderr.slice(-2500)}`).toBe(0)

    await mustRun('git', ['push', '--quiet', 'origin', 'HEAD:refs/heads/main'], { cwd: dev.root })
    const main = await world.checkout('main')
    const waiting = await main.hawser('release', version, '--yes')
    expect(waiting.code, `round ${round}: ${waiting.stderr.slice(-2500)}`).toBe(3)
    await main.hawser('approve', 'approve:production', '--reason', 'Tested on staging')
    const merging = setInterval(() => {
      const open = ket.world.pulls.find(({ state }) => state === 'open')
      if (open !== undefined) mergeIfProduction(open.headCommit).catch(() => undefined)
    }, 500)
    const produced = await killed(main, ['resume', version], perRelease.production)
    clearInterval(merging)
    expect(produced.code, `round ${round}: ${produced.stderr.slice(-2500)}`).toBe(0)

    const all = Array.from({ length: round }, (_, index) => index + 1)
    for (const [deb, rpm] of [
      [buckets.DEB_REPO, buckets.RPM_REPO],
      [buckets.DEB_REPO_PRODUCTION, buckets.RPM_REPO_PRODUCTION],
    ] as const) {
      const sorted = (texts: readonly string[]) => texts.toSorted()
      expect(await debVersions(world, deb, 'kismatic-etcd')).toEqual(sorted(all.map((n) => `1.5.2-${n}`)))
      expect(await rpmVersions(world, rpm, 'kismatic-etcd')).toEqual(sorted(all.map((n) => `1.5.2_${n}-1`)))
      expect(await debVersions(world, deb, 'kismatic-docker-engine')).toHaveLength(1)
    }
    expect(ket.world.pulls.map(({ title }) => title)).toEqual(all.map((n) => `Use the packages 1.5.2-${n}`))
    const releases = packages.world.releases.filter(({ tag }) => tag === version)
    expect(releases.map(({ isDraft }) => isDraft)).toEqual([false])
    expect(releases[0]?.assets).toHaveLength(11)
  }
  process.stdout.write(`${kills} kills\n`)
}, 3_600_000)

async function mergeIfProduction(commit: string): Promise<void> {
  const values = await world.ket.world.git.readFile(commit, 'ansible/group_vars/all.yaml')
  if (values?.toString().includes(`/${world.buckets.DEB_REPO_PRODUCTION} `)) {
    await mergeOpen(world, () => undefined)
  }
}
