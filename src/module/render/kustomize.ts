import { UserError } from '../../errors.ts'
import { allowedEnvironment, type ChildResult, type Environment, runChild } from '../../lib/child.ts'

export type KustomizeTool = 'kustomize' | 'kubectl'

export interface KustomizeOptions {
  /** The folder with the kustomization. Bases elsewhere are fetched by the program itself. */
  readonly folder: string
  readonly tool: KustomizeTool
  readonly environment: Environment
  readonly signal?: AbortSignal | undefined
}

const timeoutMs = 120_000
const outputBytesMax = 64 << 20
const commands = { kustomize: ['build'], kubectl: ['kustomize'] } as const

/** The manifest of a kustomization, by the program that is installed. */
export async function buildKustomization(options: KustomizeOptions): Promise<Uint8Array> {
  const { folder, tool, environment, signal } = options
  const result = await runChild(tool, [...commands[tool], '.'], {
    cwd: folder,
    environment: allowedEnvironment(environment),
    timeoutMs,
    outputBytesMax,
    ...(signal !== undefined && { signal }),
  })
  if (result.end.kind === 'exit' && result.end.code === 0) return result.stdout
  throw kustomizeError(options, result)
}

function kustomizeError({ tool, folder }: KustomizeOptions, { end, stderr }: ChildResult): UserError {
  const command = [tool, ...commands[tool]].join(' ')
  if (end.kind === 'not started') {
    return new UserError('KUSTOMIZE_ABSENT', `"${tool}" cannot be started: ${end.error.message}.`, {
      hint: 'Install it, name the other one (kustomize, kubectl), or give a rendered manifest.',
      cause: end.error,
    })
  }
  const how = end.kind === 'exit' ? `ended with ${end.code}` : `ended by ${end.kind}`
  return new UserError(
    'KUSTOMIZE_FAILED',
    `"${command}" in ${folder} ${how}:\n${stderr.trim().slice(-2000)}`,
    {
      hint: 'Run the command yourself, and correct the kustomization.',
    },
  )
}
