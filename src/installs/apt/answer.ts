import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Answer, Answers, ResolverContext, ResolverWorld, Trial } from '../install-resolver.ts'
import { linesOf, programFailed, runProgram } from '../run-program.ts'
import { removedAgainstTheirWill } from './removals.ts'
import { installedText, repositoryText } from './world-files.ts'

const folders = [
  'etc/apt/apt.conf.d',
  'etc/apt/preferences.d',
  'etc/apt/trusted.gpg.d',
  'etc/apt/sources.list.d',
  'lists/partial',
  'cache/archives/partial',
  'log',
  'repository',
]

/** Every trial is a simulation (`-s`), over a configuration, lists and a dpkg status that are all in our folder. */
export async function answer(
  world: ResolverWorld,
  trials: readonly Trial[],
  context: ResolverContext,
): Promise<Answers> {
  await writeWorld(world, context.folder)
  const updated = await run(['update'], context)
  if (updated === undefined) return { state: 'unavailable', reason: missing }
  if (updated.code !== 0) throw programFailed('apt-get update', updated.stderr)
  const answers: Answer[] = []
  for (const trial of trials) answers.push(await answerTo(trial, world, context))
  return { state: 'tried', answers }
}

const missing =
  'apt-get is not on this machine, or PATH does not have it; install it (Debian and Ubuntu have it, Fedora: dnf install apt)'

const run = (args: readonly string[], context: ResolverContext) =>
  runProgram('apt-get', args, context, { variables: { APT_CONFIG: join(context.folder, 'apt.conf') } })

async function writeWorld(world: ResolverWorld, folder: string): Promise<void> {
  for (const path of folders) await mkdir(join(folder, path), { recursive: true })
  await writeFile(join(folder, 'repository/Packages'), repositoryText(world))
  // A flat repository without Release: who signs what is not the question here.
  await writeFile(join(folder, 'etc/apt/sources.list'), `deb [trusted=yes] file:${folder}/repository ./\n`)
  await writeFile(join(folder, 'status'), '')
  await writeFile(join(folder, 'apt.conf'), configuration(world.architecture, folder))
}

/** apt.conf(5). `Dir` alone would leave the place of dpkg's status to the distribution. */
function configuration(architecture: string, folder: string): string {
  const settings = [
    `Dir "${folder}";`,
    `Dir::State "${folder}";`,
    `Dir::State::lists "${folder}/lists";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::State::extended_states "${folder}/extended_states";`,
    `Dir::Cache "${folder}/cache";`,
    `Dir::Etc "${folder}/etc/apt";`,
    `Dir::Log "${folder}/log";`,
    `APT::Architecture "${architecture}"; APT::Architectures { "${architecture}"; };`,
    // root would drop to "_apt", which may not read our folder.
    'APT::Sandbox::User "";',
    'APT::Install-Recommends "true";',
    'Acquire::Languages "none";',
    'Acquire::AllowInsecureRepositories "true";',
  ]
  return `${settings.join('\n')}\n`
}

async function answerTo(trial: Trial, world: ResolverWorld, context: ResolverContext): Promise<Answer> {
  await writeFile(join(context.folder, 'status'), installedText(trial.installed, world))
  const wanted = trial.wanted.map(({ name, version }) =>
    version === undefined ? name : `${name}=${version}`,
  )
  const said = await run(['-s', '-y', '-q', 'install', ...wanted], context)
  if (said === undefined) throw programFailed('apt-get', 'it was there a moment ago, and is gone')
  if (said.code !== 0) return { works: false, words: errorLines(said.stdout.toString(), said.stderr) }
  const removed = removedAgainstTheirWill(said.stdout.toString(), world)
  return removed.length === 0 ? { works: true } : { works: false, words: removed }
}

/** The list of unmet dependencies is in the output, and the verdict among the errors. */
function errorLines(stdout: string, stderr: string): readonly string[] {
  const lines = linesOf(stdout)
  const start = lines.findIndex((line) => line.startsWith('The following packages have unmet dependencies'))
  const unmet = start === -1 ? [] : lines.slice(start + 1).filter((line) => line.startsWith(' '))
  return [...unmet.map((line) => line.trim().replace(/\s+/g, ' ')), ...linesOf(stderr)]
}
