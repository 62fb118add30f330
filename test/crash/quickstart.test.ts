import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { killGroup, type RunningHawser } from '../acceptance/hawser.ts'
import { type TestProject, version } from '../acceptance/project.ts'
import { quickstartProject, seedSources } from '../acceptance/quickstart.ts'
import { differences, leftovers, type World, worldOf } from '../acceptance/world.ts'
import { randomOf } from './random.ts'

const killsWanted = 50
const release = ['release', version, '--yes']
const seed = Number(process.env['HAWSER_CRASH_SEED'] ?? Date.now() % 1_000_000)

let project: TestProject
let uninterrupted: World
let wholeMs: number

beforeAll(async () => {
  project = await quickstartProject()
  await seedSources(project)
  const whole = await project.copy('work')
  const begin = performance.now()
  const { code, stdout, stderr } = await whole.hawser(release)
  wholeMs = performance.now() - begin
  expect(`${code} ${stdout} ${stderr}`).toContain('0 quickstart 1.0.0 is published')
  uninterrupted = await worldOf(whole)
  // Whatever came from the registry now is there for all others.
  await seedSources(project, join(whole.root, '.hawser/store'))
  await whole.remove()
}, 600_000)
afterAll(() => project.remove())

test('the quickstart, killed with -9 at 50 random moments, comes to the same bytes', async () => {
  process.stdout.write(`seed ${seed} (HAWSER_CRASH_SEED), a whole release takes ${Math.round(wholeMs)} ms\n`)
  const random = randomOf(seed)
  const log: string[] = []
  let kills = 0
  let releases = 0

  while (kills < killsWanted) {
    // Always the same path: it stands in the clients' files that are published.
    const work = await project.copy('work')
    releases += 1
    for (let isOver = false, mustStart = true; !isOver; ) {
      const running = work.start(mustStart || random() < 0.5 ? release : ['resume'])
      const isKilled = kills < killsWanted && (await killedWithin(running, work, random))
      const { code, stdout, stderr } = await running.ended
      // Killed before its run was recorded: then there is nothing to resume, and it says so.
      mustStart = stderr.includes('RUN_NONE')
      isOver = !isKilled && !mustStart
      if (isKilled) log.push(`kill ${++kills}: ${lastLine(stderr)}`)
      if (isOver) expect(`${code} ${stdout} ${stderr}`).toMatch(/^0 /)
    }
    expect(differences(uninterrupted, await worldOf(work)), log.join('\n')).toEqual([])
    expect(await leftovers(work)).toEqual([])
    expect((await work.hawser(['verify', version])).code).toBe(0)
    expect((await work.hawser(release)).stdout).toContain('nothing was written')
    await work.remove()
  }

  process.stdout.write(`${kills} kills in ${releases} releases\n${log.join('\n')}\n`)
}, 1_800_000)

/** False when it had ended before its moment came. */
async function killedWithin(
  { child }: RunningHawser,
  work: TestProject,
  random: () => number,
): Promise<boolean> {
  const gone = once(child, 'exit').then(() => 'gone')
  // Squared: what was done is kept, so the later steps come early in the later attempts.
  const moment = wait(random() ** 2 * wholeMs * 0.6).then(() => 'now')
  const isServerToo = random() < 0.5
  if ((await Promise.race([gone, moment])) === 'gone') return false
  const server = isServerToo ? await serverOf(work) : undefined
  killGroup(child)
  if (server !== undefined) killProcess(server)
  await gone
  return child.signalCode === 'SIGKILL'
}

async function serverOf({ root }: TestProject): Promise<number | undefined> {
  try {
    const { pid } = JSON.parse(await readFile(join(root, '.hawser/engine/server.pid'), 'utf8'))
    return pid
  } catch (error) {
    // It has not been started yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? ''
