import { TransientError, UserError } from '../../errors.ts'
import { runChild } from '../../lib/child.ts'
import type { JobContext, JobSpec, JobState } from '../job-runner.ts'
import { jobFolder } from '../supervised/job-folder.ts'
import { readOutputs } from '../supervised/outputs.ts'
import { cancelSupervised, lostJob, pollSupervised } from '../supervised/supervision.ts'
import type { ContainerOptions } from './container.ts'
import { containerName, endingCommands, toolEnvironment } from './run-command.ts'

/** docker-run(1), podman-run(1): the tool itself failed, so that nothing ran. */
const toolFailed = 125

export async function pollContainer(
  { tool }: ContainerOptions,
  spec: JobSpec,
  context: JobContext,
): Promise<JobState> {
  const state = await pollSupervised(spec, context)
  if (state.state === 'failed' && state.exitCode === toolFailed) {
    return { ...state, reason: `"${tool} run" could not start the container` }
  }
  if (state.state !== 'lost') return state
  return stateOfContainer(tool, spec, context, state.since)
}

/** The container itself tells what its supervisor cannot any more. */
async function stateOfContainer(
  tool: string,
  spec: JobSpec,
  context: JobContext,
  since: Date,
): Promise<JobState> {
  const name = await containerName(spec, context)
  const found = await ask(tool, ['ps', '--all', '--quiet', `--filter=name=^${name}$`], context)
  if (found === '') return lostJob
  const format = '{{.State.Status}} {{.State.ExitCode}}'
  const [status = '', code = ''] = (await ask(tool, ['inspect', `--format=${format}`, name], context)).split(
    ' ',
  )
  if (['running', 'paused', 'restarting', 'stopping'].includes(status)) return { state: 'running', since }
  if (status !== 'exited' && status !== 'stopped') return lostJob
  if (code === '0') {
    return {
      state: 'succeeded',
      outputs: await readOutputs(jobFolder(context.root, spec.key).outputs, spec.name),
    }
  }
  return { state: 'failed', reason: `it ended with exit code ${code}`, exitCode: Number(code) }
}

export async function cancelContainer(
  { tool }: ContainerOptions,
  spec: JobSpec,
  context: JobContext,
): Promise<void> {
  await cancelSupervised(spec, context, async () => {
    const name = await containerName(spec, context)
    if ((await ask(tool, ['ps', '--all', '--quiet', `--filter=name=^${name}$`], context)) === '') return
    for (const [, ...args] of endingCommands(tool, name)) await ask(tool, args, context)
  })
}

async function ask(tool: string, args: readonly string[], context: JobContext): Promise<string> {
  const { end, stdout, stderr } = await runChild(tool, args, {
    cwd: context.root,
    environment: toolEnvironment(context),
    signal: context.signal,
    timeoutMs: 60_000,
    outputBytesMax: 1 << 20,
  })
  if (end.kind === 'exit' && end.code === 0) return String(stdout).trim()
  if (end.kind === 'not started') {
    throw new UserError('JOB_TOOL', `"${tool}" cannot be run: ${end.error.message}.`, {
      hint: `Install ${tool}, or name another program in "tool".`,
      cause: end.error,
    })
  }
  throw new TransientError('JOB_TOOL', `"${tool} ${args[0]}" failed: ${stderr.trim().slice(0, 500)}`, {
    hint: `Run "${tool} info" by hand: its service may not be running.`,
  })
}
