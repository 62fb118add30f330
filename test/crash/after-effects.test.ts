import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestProject, testProject, version } from '../acceptance/project.ts'
import { differences, leftovers, type World, worldOf } from '../acceptance/world.ts'
import { type CrashOrder, crashVariable, type EffectAt } from './crash-order.ts'

/** Kills at every effect instead of a sample of those that nobody outside can see. */
const isWhole = process.env['HAWSER_CRASH_ALL'] === '1'
const lanes = 2

let project: TestProject
let uninterrupted: World
let effects: readonly string[]

beforeAll(async () => {
  project = await testProject({ packages: ['hello'], architectures: ['amd64'], parallel: 1 })
  const whole = await project.copy('uninterrupted')
  effects = await effectsOf(whole)
  uninterrupted = await worldOf(whole)
})
afterAll(() => project.remove())

describe('a release that is killed at one effect and run again', () => {
  test.each([
    ['after', 1, 6],
    ['before', 5, 16],
  ] as const)(
    'ends as if nothing had happened, when it was killed right %s the effect',
    async (when, visible, hidden) => {
      const points = pointsOf(effects, isWhole ? 1 : visible, isWhole ? 1 : hidden)
      const trouble: string[] = []
      let killed = 0
      let spared = 0
      const lane = async (): Promise<void> => {
        for (let at = points.shift(); at !== undefined; at = points.shift()) {
          const copy = await project.copy(`${when}-${points.length}`)
          const label = `${when} ${at.name}, number ${at.occurrence}`
          const first = await release(copy, { when, at, folder: copy.root })
          if (first.signal === 'SIGKILL') killed += 1
          else if (isContended(at.name) && first.code === 0) spared += 1
          else trouble.push(`${label}: it was not killed: ${first.code} ${first.stderr}`)
          trouble.push(...(await troubleAfter(copy)).map((text) => `${label}: ${text}`))
          await copy.remove()
        }
      }
      const planned = points.length

      await Promise.all(Array.from({ length: lanes }, lane))

      expect(trouble).toEqual([])
      expect(killed + spared).toBe(planned)
      expect(killed).toBeGreaterThan(when === 'after' ? 100 : 30)
      process.stdout.write(`${killed} kills right ${when} one of ${effects.length} effects\n`)
    },
    1_800_000,
  )
})

/** Runs the same command again and compares what is there then. */
async function troubleAfter(copy: TestProject): Promise<readonly string[]> {
  const { code, stdout, stderr } = await copy.hawser(['release', version, '--yes'])
  if (code !== 0) return [`the second run ended with ${code}: ${stdout}${stderr}`]
  return [...differences(uninterrupted, await worldOf(copy)), ...(await leftovers(copy))]
}

const preload = join(import.meta.dirname, 'kill-after-effect.ts')

const release = (copy: TestProject, order: CrashOrder) =>
  copy.hawser(['release', version, '--yes'], {
    nodeArgs: ['--import', preload],
    environment: { [crashVariable]: JSON.stringify(order) },
  })

async function effectsOf(copy: TestProject): Promise<readonly string[]> {
  const log = `${copy.root}-effects.log`
  const { code, stderr } = await release(copy, { when: 'after', folder: copy.root, log })
  expect(stderr).toContain('publish-release')
  expect(code).toBe(0)
  return (await readFile(log, 'utf8')).trimEnd().split('\n')
}

/** Files that only their writer knows: of the store, and those that are moved into place when they are whole. */
const isHidden = (effect: string): boolean =>
  / (\.hawser\/|.*\/\.hawser-storage\/drafts|.*\/incoming\/)/.test(effect)

/** A lock's draft: how many there are depends on how often somebody else held the lock. */
const isContended = (effect: string): boolean =>
  /^(writeFile|unlink) .*\/\.hawser-storage\/drafts\//.test(effect)

/** The effects to kill at: of those that others can see every `visible`th, of the others every `hidden`th. */
function pointsOf(all: readonly string[], visible: number, hidden: number): EffectAt[] {
  const seen = new Map<string, number>()
  const points = all.map((name) => {
    const occurrence = (seen.get(name) ?? 0) + 1
    seen.set(name, occurrence)
    return { name, occurrence }
  })
  const every = (wanted: boolean, stride: number) =>
    points.filter(({ name }) => isHidden(name) === wanted).filter((_, index) => index % stride === 0)
  return [...every(false, visible), ...every(true, hidden)]
}
