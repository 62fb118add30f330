import type { Command } from './command.ts'

/** What the overview needs without loading a command; loading is lazy so that `hawser --help` stays fast. */
export interface CommandEntry {
  readonly name: string
  readonly describe: string
  load(): Promise<Command>
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'init',
    describe: 'Look at the project and write a commented hawser.yaml.',
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'check',
    describe: 'Validate hawser.yaml: every finding with line, column and what to do.',
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'plan',
    describe: 'Show the diff between the declared release and the world.',
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    name: 'next',
    describe: 'Say which build of the pinned component comes next.',
    load: async () => (await import('./next.ts')).next,
  },
  {
    name: 'release',
    describe: 'Plan, show, ask, then do exactly that plan.',
    load: async () => (await import('./release.ts')).release,
  },
  {
    name: 'promote',
    describe: 'Take tested packages of a version to the next environment, byte for byte.',
    load: async () => (await import('./promote.ts')).promote,
  },
  {
    name: 'replace',
    describe: 'Remove a draft, or what may be replaced, and release the version anew.',
    load: async () => (await import('./replace.ts')).replace,
  },
  {
    name: 'resume',
    describe: 'Go on with a run after a crash, a reboot or Ctrl-C.',
    load: async () => (await import('./resume.ts')).resume,
  },
  {
    name: 'cancel',
    describe: 'Stop a run; what it did stays and is recorded.',
    load: async () => (await import('./cancel.ts')).cancel,
  },
  {
    name: 'approve',
    describe: 'Let a run go on that waits at a gate, with a reason.',
    load: async () => (await import('./approve.ts')).approve,
  },
  {
    name: 'reject',
    describe: 'Stop a run that waits at a gate, with a reason.',
    load: async () => (await import('./approve.ts')).reject,
  },
  {
    name: 'status',
    describe: 'Say where a release stands and what comes next.',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'build',
    describe: 'Build only the artifacts, into dist/.',
    load: async () => (await import('./build.ts')).build,
  },
  {
    name: 'verify',
    describe: 'Fetch a release back as a user would and check it.',
    load: async () => (await import('./verify.ts')).verify,
  },
  {
    name: 'repo',
    describe: 'Package repositories on their own: add, verify, promote, history, rollback, gc, …',
    load: async () => (await import('./repo/repo.ts')).repo,
  },
  {
    name: 'bump',
    describe: 'Pin another version of a component; or bring consumers to a version of the packages.',
    load: async () => (await import('./bump.ts')).bump,
  },
  {
    name: 'key',
    describe: 'Make a signing key, or show one and who accepts it.',
    load: async () => (await import('./key.ts')).key,
  },
]
