import { chmod, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UserError } from '../../errors.ts'
import { allowedEnvironment } from '../../lib/child.ts'
import type { JobContext, JobSpec } from '../job-runner.ts'
import { jobEnvironment } from '../supervised/job-environment.ts'
import { type JobFolder, jobFolder, jobId } from '../supervised/job-folder.ts'
import type { SupervisedCommand } from '../supervised/supervision.ts'
import type { ContainerOptions } from './container.ts'

export const containerName = async (spec: JobSpec, { root }: JobContext): Promise<string> =>
  `hawser-job-${await jobId(jobFolder(root, spec.key))}`

/** Asks the container to end, then removes it. */
export const endingCommands = (tool: string, name: string): string[][] => [
  [tool, 'stop', '--time=5', name],
  [tool, 'rm', '--force', '--volumes', name],
]

/** What docker and podman need to find their service, their storage and their logins. */
const toolVariables = [
  'DOCKER_HOST',
  'DOCKER_CONFIG',
  'DOCKER_CONTEXT',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
  'CONTAINER_HOST',
  'CONTAINERS_CONF',
  'CONTAINERS_STORAGE_CONF',
  'CONTAINERS_REGISTRIES_CONF',
  'REGISTRY_AUTH_FILE',
]

export function toolEnvironment(context: JobContext): Record<string, string> {
  const allowed = allowedEnvironment(context.environment, toolVariables)
  return Object.fromEntries(
    Object.entries(allowed).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
}

/** The outputs and artifacts of the job's folder, as the container sees them. */
const inside = { outputs: '/hawser/outputs', artifacts: '/hawser/artifacts' }

/**
 * One `run` in the foreground, under a name that only one container can have. Secrets are in the tool's own environment,
 * never on its command line, where everybody could read them.
 */
export async function containerCommand(
  written: ContainerOptions,
  spec: JobSpec,
  context: JobContext,
): Promise<SupervisedCommand> {
  const { tool } = written
  const name = await containerName(spec, context)
  const { variables, secrets } = await jobEnvironment(written, spec, context)
  const given: Record<string, string> = {
    ...variables,
    HAWSER_OUTPUT: inside.outputs,
    HAWSER_ARTIFACTS: inside.artifacts,
  }
  const own = toolEnvironment(context)
  const hidden = Object.keys(written.secrets)
  for (const variable of hidden) if (variable in own) throw nameOfTool(variable, written, spec)
  await openToContainer(jobFolder(context.root, spec.key))
  return {
    program: tool,
    args: [
      'run',
      `--name=${name}`,
      `--label=dev.hawser.job=${spec.key}`,
      ...mountsOf(written, jobFolder(context.root, spec.key), context.root),
      ...Object.entries(given).map(([variable, value]) =>
        hidden.includes(variable) ? `--env=${variable}` : `--env=${variable}=${value}`,
      ),
      ...written.options,
      written.image,
      ...written.command,
    ],
    cwd: context.root,
    environment: {
      ...own,
      ...Object.fromEntries(hidden.map((variable) => [variable, given[variable] ?? ''])),
    },
    secrets: [...secrets],
    cleanup: endingCommands(tool, name),
    after: [],
  }
}

/** Users of the image may be other ones than ours; users of this machine still cannot look in from above. */
async function openToContainer(folder: JobFolder): Promise<void> {
  await chmod(folder.path, 0o700)
  await writeFile(folder.outputs, '', { flag: 'a' })
  await chmod(folder.outputs, 0o666)
  await chmod(folder.artifacts, 0o777)
}

const nameOfTool = (variable: string, { tool }: ContainerOptions, { name }: JobSpec): UserError =>
  new UserError(
    'JOB_VARIABLE',
    `The secret ${variable} of the job "${name}" has the name of a variable of ${tool}.`,
    {
      hint: 'Give the secret another name, and let the job rename it.',
    },
  )

function mountsOf(written: ContainerOptions, folder: JobFolder, root: string): readonly string[] {
  const volume = (from: string, to: string, readOnly: boolean): string =>
    `--volume=${from}:${to}${readOnly ? ':ro' : ''}`
  const { workspace } = written
  return [
    volume(folder.outputs, inside.outputs, false),
    volume(folder.artifacts, inside.artifacts, false),
    ...(workspace === 'none'
      ? []
      : [volume(root, '/workspace', workspace === 'read-only'), '--workdir=/workspace']),
    ...written.mounts.map(({ from, to, readOnly }) => volume(resolve(root, from), to, readOnly)),
  ]
}
