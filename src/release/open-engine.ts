import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { TransientError, UserError } from '../errors.ts'
import { codeOf } from '../lib/atomic-file.ts'
import { hawserVersion } from '../lib/hawser-version.ts'
import type { Engine, StepExecutor } from '../pipeline/engine.ts'
import type { Project } from './project.ts'

export interface OpenEngineOptions {
  readonly project: Project
  readonly execute: StepExecutor
  readonly onNotice: (text: string) => void
}

/** `attached`: another process runs the steps, and this one watches it. */
export interface OpenedEngine {
  readonly engine: Engine
  readonly attachedTo?: { readonly pid: number; readonly since: string }
}

export const engineFolder = ({ root }: Project): string => join(root, '.hawser', 'engine')

/**
 * The durable engine of the project, or the one in memory where the platform has no server or HAWSER_ENGINE says so.
 * Loaded only when it is needed: commands that run no pipeline must stay fast.
 */
export async function openEngine({ project, execute, onNotice }: OpenEngineOptions): Promise<OpenedEngine> {
  const kind = engineKind(project)
  if (kind === 'memory') return { engine: await inMemory(execute) }
  const { restateServerBinary } = await import('../engine/restate/server-binary.ts')
  if (restateServerBinary() === undefined) {
    onNotice(
      'The durable engine is not installed for this platform: this run lives in memory. If it is interrupted, run the same command again.',
    )
    return { engine: await inMemory(execute) }
  }
  return durable({ project, execute, onNotice })
}

/** Whether runs outlive the process. Without that, nobody else can decide a gate. */
export async function isEngineDurable(project: Project): Promise<boolean> {
  if (engineKind(project) === 'memory') return false
  const { restateServerBinary } = await import('../engine/restate/server-binary.ts')
  return restateServerBinary() !== undefined
}

function engineKind({ environment }: Project): 'durable' | 'memory' {
  const asked = environment['HAWSER_ENGINE'] ?? 'durable'
  if (asked === 'durable' || asked === 'memory') return asked
  throw new UserError('ENGINE_KIND', `HAWSER_ENGINE is "${asked}".`, {
    hint: 'Set it to "durable" or "memory", or leave it out.',
  })
}

/** Less than the engine's server needs to go on. */
const freeMinBytes = 1 << 20

/** What ended the work with an engine, told by its cause: its server does not say why it stops on a full disk. */
export async function engineFailure(project: Project, error: unknown): Promise<unknown> {
  const isOfEngine = error instanceof TransientError && error.code.startsWith('ENGINE_')
  const isOfSystem = ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')
  const folder = engineFolder(project)
  if (!(isOfSystem || (isOfEngine && (await freeBytes(folder)) < freeMinBytes))) return error
  return new UserError('ENGINE_DISK_FULL', `The engine stopped: the disk of "${folder}" is full.`, {
    hint: 'Free some space and run the command again; finished work is kept.',
    cause: error,
  })
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

async function inMemory(execute: StepExecutor): Promise<Engine> {
  const { memoryEngine } = await import('../engine/memory/memory-engine.ts')
  return memoryEngine({ execute })
}

async function durable({ project, execute, onNotice }: OpenEngineOptions): Promise<OpenedEngine> {
  const { openRestateEngine } = await import('../engine/restate/restate-engine.ts')
  const { EngineHeld } = await import('../engine/restate/engine-held.ts')
  const folder = engineFolder(project)
  try {
    const codeVersion = hawserVersion()
    return { engine: await openRestateEngine({ folder, execute, codeVersion, onNotice }) }
  } catch (error) {
    if (!(error instanceof EngineHeld)) throw error
    const { attachRestateEngine } = await import('../engine/restate/attach.ts')
    return { engine: await attachRestateEngine(folder), attachedTo: error.holder }
  }
}
