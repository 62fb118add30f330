import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Answer, Answers, ResolverContext, ResolverWorld, Trial } from '../install-resolver.ts'
import { linesOf, programFailed, runProgram } from '../run-program.ts'
import { driver } from './driver.ts'
import { distributionHeader, installedHeader } from './header.ts'
import { dnfInterpreter } from './interpreter.ts'
import { writeMetadata } from './metadata.ts'
import { specsOf } from './specs.ts'

/** One process answers all trials. What is installed is rpm databases of our own, one for each set of packages. */
export async function answer(
  world: ResolverWorld,
  trials: readonly Trial[],
  context: ResolverContext,
): Promise<Answers> {
  const [python, ...options] = (await dnfInterpreter(context.environment)) ?? []
  if (python === undefined) return { state: 'unavailable', reason: missing('dnf 4') }
  // hawkey makes none of them.
  for (const name of ['cache', 'persist', 'log']) await mkdir(join(context.folder, name))
  await writeMetadata(world, join(context.folder, 'repository'))
  const roots = await writeRoots(world, trials, context)
  if (roots === undefined) return { state: 'unavailable', reason: missing('rpmdb') }
  const { folder } = context
  const order = {
    folder,
    architecture: world.architecture,
    trials: trials.map((trial, index) => ({
      root: roots[index],
      verb: trial.verb,
      specs: specsOf(trial),
    })),
  }
  const said = await runProgram(python, [...options, '-c', driver], context, { input: JSON.stringify(order) })
  if (said === undefined) return { state: 'unavailable', reason: missing('dnf 4') }
  if (said.code !== 0) throw programFailed('dnf', linesOf(said.stderr).slice(-3).join('\n'))
  return { state: 'tried', answers: answersIn(said.stdout, trials.length) }
}

const missing = (what: string): string =>
  `${what} is not on this machine, or PATH does not have it; install it (Debian and Ubuntu: apt-get install dnf rpm, Fedora: dnf install python3-dnf rpm)`

/** The folder that is the root for each trial; undefined where rpm is missing. */
async function writeRoots(
  world: ResolverWorld,
  trials: readonly Trial[],
  context: ResolverContext,
): Promise<readonly string[] | undefined> {
  const roots = new Map<string, string>()
  const ofTrials: string[] = []
  for (const { installed } of trials) {
    const key = installed.map(({ entry }) => entry.sha256).join(' ')
    const root = roots.get(key) ?? join(context.folder, `root-${roots.size}`)
    ofTrials.push(root)
    if (roots.has(key)) continue
    roots.set(key, root)
    const database = join(root, 'db')
    await mkdir(database, { recursive: true })
    const headers = [...installed.map(installedHeader), distributionHeader(world.assumed, world.architecture)]
    const input = Buffer.concat(headers)
    const said = await runProgram('rpmdb', ['--dbpath', database, '--importdb'], context, { input })
    if (said === undefined) return undefined
    if (said.code !== 0) throw programFailed('rpmdb', said.stderr)
  }
  return ofTrials
}

const answersSchema = z.object({
  answers: z.array(
    z.union([
      z.object({ works: z.literal(true) }),
      z.object({ works: z.literal(false), words: z.array(z.string()) }),
    ]),
  ),
})

function answersIn(output: Buffer, count: number): readonly Answer[] {
  const { answers } = answersSchema.parse(JSON.parse(output.toString('utf8')))
  if (answers.length !== count) throw new Error(`dnf answered ${answers.length} of ${count} trials`)
  return answers.map((one) =>
    one.works
      ? one
      : { works: false, words: one.words.map((word) => word.trim()).filter((word) => word !== '') },
  )
}
