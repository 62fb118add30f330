import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { codeOf } from '../../lib/atomic-file.ts'
import { allowedEnvironment, runChild } from '../../lib/child.ts'
import type { Provider } from '../../provider.ts'
import type { JobContext, JobRunner, JobSpec } from '../job-runner.ts'
import { jobVariable } from '../supervised/end-processes.ts'
import { environmentOptions, jobEnvironment } from '../supervised/job-environment.ts'
import { jobFolder, jobId } from '../supervised/job-folder.ts'
import { cleanupBytesMax, cleanupMaxMs } from '../supervised/order.ts'
import {
  cancelSupervised,
  filesSupervised,
  logsSupervised,
  lostJob,
  pollSupervised,
  type SupervisedCommand,
  startSupervised,
} from '../supervised/supervision.ts'

const options = z.strictObject({
  run: z
    .string()
    .min(1)
    .describe(
      'What the job does, for the shell. It writes NAME=VALUE lines to $HAWSER_OUTPUT and leaves files in $HAWSER_ARTIFACTS.',
    ),
  cleanup: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What takes away what the job started elsewhere, such as a test cluster. It runs at its end, however that comes: also after the limit, and when the release is cancelled.',
    ),
  shell: z
    .array(z.string().min(1))
    .min(1)
    .default(['/bin/sh', '-eu', '-c'])
    .describe('The program that gets the text of `run` as its last argument.'),
  directory: z.string().min(1).default('.').describe('Where it runs, relative to hawser.yaml.'),
  ...environmentOptions,
})

type Options = z.output<typeof options>

/** A program on this machine, which outlives us. */
export const processJobs: Provider<JobRunner, typeof options, JobContext> = {
  name: 'process',
  describe: 'A program on this machine, with an environment of its own.',
  options,
  example: { run: 'make test', pass: ['GOCACHE'] },
  create: (written, context) => ({
    start: (spec) => startSupervised(spec, context, () => command(written, spec, context)),
    poll: async (spec) => {
      const state = await pollSupervised(spec, context)
      return state.state === 'lost' ? lostJob : state
    },
    cancel: (spec) =>
      cancelSupervised(spec, context, async () => cleanUp(await command(written, spec, context), context)),
    logs: (spec, fromByte) => logsSupervised(spec, context, fromByte),
    files: (spec) => filesSupervised(spec, context),
  }),
}

async function command(written: Options, spec: JobSpec, context: JobContext): Promise<SupervisedCommand> {
  const cwd = resolve(context.root, written.directory)
  await checkFolder(cwd, written.directory, spec)
  const folder = jobFolder(context.root, spec.key)
  const { PATH = '/usr/bin:/bin', USER = '', LOGNAME = '' } = allowedEnvironment(context.environment)
  const { variables, secrets } = await jobEnvironment(written, spec, context)
  const [program = '', ...args] = written.shell
  return {
    program,
    args: [...args, written.run],
    cwd,
    // No home of ours: whatever lies there (logins, settings) is nothing that a job may depend on unasked.
    environment: {
      PATH,
      USER,
      LOGNAME,
      LANG: 'C.UTF-8',
      HOME: folder.home,
      TMPDIR: folder.temporary,
      ...variables,
      HAWSER_OUTPUT: folder.outputs,
      HAWSER_ARTIFACTS: folder.artifacts,
      [jobVariable]: await jobId(folder),
    },
    secrets: [...secrets],
    cleanup: [],
    after: written.cleanup === undefined ? [] : [[program, ...args, written.cleanup]],
  }
}

/** In the place of a supervisor that was ended from outside. */
async function cleanUp({ after, cwd, environment }: SupervisedCommand, context: JobContext): Promise<void> {
  for (const [program = '', ...args] of after) {
    const { end } = await runChild(program, args, {
      cwd,
      environment,
      timeoutMs: cleanupMaxMs,
      outputBytesMax: cleanupBytesMax,
      signal: context.signal,
    })
    if (end.kind !== 'exit' || end.code !== 0) context.log('the cleanup of the job failed')
  }
}

async function checkFolder(path: string, written: string, spec: JobSpec): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error
  }
  throw new UserError('JOB_FOLDER', `The job "${spec.name}" is to run in "${written}", which is no folder.`, {
    hint: 'Paths are relative to the folder of hawser.yaml.',
  })
}
