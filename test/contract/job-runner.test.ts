import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll } from 'vitest'
import type { CommitStatus, Statuses, WorkflowRun, Workflows } from '../../src/forge/forge-parts.ts'
import { jobRunners } from '../../src/jobs/index.ts'
import type { JobContext, JobRunner } from '../../src/jobs/job-runner.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { createChosen } from '../../src/steps/choice.ts'
import { Podman } from '../clients/podman.ts'
import { busyboxImage } from '../jobs/busybox-image.ts'
import { commit, jobSpec, jobWorld } from '../jobs/sample-job.ts'
import { type JobRunnerTraits, type JobRunnerUnderTest, jobRunnerContract } from './job-runner.ts'

let podman: Podman
let image: string
beforeAll(async () => {
  podman = await Podman.create()
  image = await busyboxImage(podman)
})
afterAll(() => podman.remove())

const openRunner = (provider: string, options: JsonObject, context: JobContext): JobRunner =>
  createChosen<JobRunner, JobContext>(jobRunners, { provider, options }, context)

/** Runs until the test writes how it is to end. */
const script = `echo started >> starts
echo hello from the job
while [ ! -e end ]; do sleep 0.05; done
exit "$(cat end)"`

async function programs(
  provider: string,
  options: JsonObject,
  environment: Readonly<Record<string, string>> = {},
): Promise<JobRunnerUnderTest> {
  const { root, context, remove } = await jobWorld(environment)
  const open = (): JobRunner => openRunner(provider, options, context)
  return {
    open,
    end: async (how) => {
      await writeFile(join(root, 'end.part'), how === 'well' ? '0' : '3')
      await copyFile(join(root, 'end.part'), join(root, 'end'))
    },
    starts: async () => (await readFile(join(root, 'starts'), 'utf8')).split('\n').length - 1,
    close: async () => {
      await open().cancel(jobSpec())
      await remove()
    },
  }
}

async function workflows(): Promise<JobRunnerUnderTest> {
  const runs = new Map<string, WorkflowRun>()
  const part: Workflows = {
    dispatch: async ({ key }) => {
      const known = runs.get(key)
      if (known !== undefined) return known
      const run: WorkflowRun = {
        id: String(runs.size + 1),
        url: 'https://forge.example.org/runs/1',
        commit,
        state: 'running',
        attempt: 1,
        startedAt: new Date(),
      }
      runs.set(key, run)
      return run
    },
    find: async (id) => [...runs.values()].find((run) => run.id === id),
    cancel: async () => changeAll('cancelled'),
    logs: async () => Readable.from([Buffer.from('hello '), Buffer.from('from the job\n')]),
  }
  const changeAll = (state: WorkflowRun['state']): void => {
    for (const [key, run] of runs) runs.set(key, { ...run, state })
  }
  const { context, remove } = await jobWorld({}, { workflows: part })
  return {
    open: () => openRunner('github-actions', { workflow: 'e2e.yaml', ref: 'main' }, context),
    end: async (how) => changeAll(how === 'well' ? 'succeeded' : 'failed'),
    starts: async () => runs.size,
    close: remove,
  }
}

async function statuses(): Promise<JobRunnerUnderTest> {
  const found: CommitStatus[] = []
  const part: Statuses = { ofCommit: async () => found, report: async () => undefined }
  const { context, remove } = await jobWorld({}, { statuses: part })
  return {
    open: () => openRunner('commit-status', { context: 'build' }, context),
    end: async (how) => {
      const state = how === 'well' ? 'success' : 'failure'
      found.push({ context: 'build', state, description: '', url: undefined, reportedAt: new Date() })
    },
    starts: async () => found.length,
    close: remove,
  }
}

interface Variant {
  readonly provider: string
  readonly traits: JobRunnerTraits
  readonly open: () => Promise<JobRunnerUnderTest>
}

const ours = { isOurs: true, hasLogs: true }
const variants: readonly Variant[] = [
  { provider: 'process', traits: ours, open: () => programs('process', { run: script }) },
  {
    provider: 'container',
    traits: ours,
    open: () =>
      programs(
        'container',
        {
          image,
          tool: 'podman',
          workspace: 'read-write',
          command: ['/bin/sh', '-c', script],
        },
        podman.environment,
      ),
  },
  { provider: 'github-actions', traits: ours, open: workflows },
  { provider: 'commit-status', traits: { isOurs: false, hasLogs: false }, open: statuses },
]

for (const { name } of jobRunners) {
  if (!variants.some(({ provider }) => provider === name))
    throw new Error(`There are no test jobs for "${name}".`)
}
for (const { provider, traits, open } of variants) jobRunnerContract(provider, traits, open)
