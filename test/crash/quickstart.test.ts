import { once } from 'node:events'
import { cp, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isAlive } from '../../src/lib/process-identity.ts'
import { killGroup, type RunningHawser } from '../acceptance/hawser.ts'
import { type TestProject, version } from '../acceptance/project.ts'
import { quickstartProject, seedSources } from '../acceptance/quickstart.ts'
import { differences, leftovers, type World, worldOf } from '../acceptance/world.ts'
import { randomOf } from './random.ts'

const killsWanted = 50
/** Then it may finish, so that every part of a release gets its share. */
const killsPerReleaseMax = 4
const release = ['release', version, '--yes']
const seed = Number(process.env['HAWSER_CRASH_SEED'] ?? Date.now() % 1_000_000)

/** What a release begins with: sources only, or also packages that are built, so that kills hit the publishing. */
interface Beginning {
  readonly project: TestProject
  readonly wholeMs: number
}

let beginnings: readonly [Beginning, Beginning]
let uninterrupted: World

beforeAll(async () => {
  const project = await quickstartProject()
  await seedSources(project)
  const first = await releaseWhole(project)
  const built = await project.copy('built')
  await cp(join(first.whole.root, '.hawser/store'), join(built.root, '.hawser/store'), { recursive: true })
  uninterrupted = await worldOf(first.whole)
  // Whatever came from the registry now is there for all others.
  await seedSources(project, join(first.whole.root, '.hawser/store'))
  await first.whole.remove()
  const second = await releaseWhole(project, built)
  await second.whole.remove()
  beginnings = [
    { project, wholeMs: first.wholeMs },
    { project: built, wholeMs: second.wholeMs },
  ]
}, 600_000)
afterAll(() => beginnings[0].project.remove())

test('the quickstart, killed with -9 at 50 random moments, comes to the same bytes', async () => {
  const durations = beginnings.map(({ wholeMs }) => `${Math.round(wholeMs)} ms`).join(', built before: ')
  process.stdout.write(`seed ${seed} (HAWSER_CRASH_SEED); a whole release takes ${durations}\n`)
  const random = randomOf(seed)
  const log: string[] = []

  for (let releases = 1; log.length < killsWanted; releases += 1) {
    const killed = await killedRelease(beginnings[releases % 3 === 1 ? 0 : 1], random)
    log.push(...killed.map((line) => `release ${releases}: ${line}`))
  }

  process.stdout.write(`${log.length} kills\n${log.join('\n')}\n`)
}, 1_800_000)

/** Always the same path: it stands in the clients' files that are published. */
const workFolder = (project: TestProject): string => join(dirname(project.root), 'work')

async function releaseWhole(project: TestProject, from = project) {
  const whole = await from.copyTo(workFolder(project))
  const begin = performance.now()
  const { code, stdout, stderr } = await whole.hawser(release)
  expect(`${code} ${stdout} ${stderr}`).toContain('0 quickstart 1.0.0 is published')
  return { whole, wholeMs: performance.now() - begin }
}

/** One release to its end, through some kills; the last line of each one that was killed. */
async function killedRelease(from: Beginning, random: () => number): Promise<readonly string[]> {
  const work = await from.project.copyTo(workFolder(beginnings[0].project))
  const log: string[] = []
  for (let isOver = false, mustStart = true; !isOver; ) {
    const running = work.start(mustStart || random() < 0.5 ? release : ['resume'])
    const isKilled =
      log.length < killsPerReleaseMax &&
      (await killedWithin(running, work, random() * from.wholeMs * 0.7, random))
    const { code, stdout, stderr } = await running.ended
    // Killed before its run was recorded: then there is nothing to resume, and it says so.
    mustStart = stderr.includes('RUN_NONE')
    isOver = !isKilled && !mustStart
    if (isKilled) log.push(lastLine(stderr))
    if (isOver) expect(`${code} ${stdout} ${stderr}`, log.join('\n')).toMatch(/^0 /)
  }
  expect(differences(uninterrupted, await worldOf(work)), log.join('\n')).toEqual([])
  expect(await leftovers(work)).toEqual([])
  expect((await work.hawser(['verify', version])).code).toBe(0)
  expect((await work.hawser(release)).stdout).toContain('nothing was written')
  await work.remove()
  return log
}

/** False when it had ended before its moment came. */
async function killedWithin(
  { child }: RunningHawser,
  work: TestProject,
  afterMs: number,
  random: () => number,
): Promise<boolean> {
  const gone = once(child, 'exit').then(() => 'gone')
  const moment = wait(afterMs).then(() => 'now')
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
    const identity = JSON.parse(await readFile(join(root, '.hawser/engine/server.pid'), 'utf8'))
    // The number may belong to somebody else by now.
    return (await isAlive(identity)) ? identity.pid : undefined
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
