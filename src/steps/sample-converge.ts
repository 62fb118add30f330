import { Refusal } from '../errors.ts'
import type { Forge } from '../forge/forge.ts'
import type { Json } from '../lib/json.ts'
import type { OciStore } from '../oci/oci-store.ts'
import type { AnyStep, Change, StepContext } from '../pipeline/step.ts'

/** The ports of one test, found by its signal. */
const ports = new WeakMap<AbortSignal, { readonly forge: Forge; readonly store: OciStore | undefined }>()

/** In the place of `openForge`: the forge of the test that made the context. */
export const openSampleForge = (_chosen: unknown, { signal }: Pick<StepContext, 'signal'>): Forge =>
  portsOf(signal).forge

/** In the place of `openRepositoryOf`. */
export function openSampleRepository(
  _reference: string,
  _registries: unknown,
  { signal }: Pick<StepContext, 'signal'>,
): OciStore {
  const { store } = portsOf(signal)
  if (store === undefined) throw new Error('The test has no registry')
  return store
}

function portsOf(signal: AbortSignal): { readonly forge: Forge; readonly store: OciStore | undefined } {
  const found = ports.get(signal)
  if (found === undefined) throw new Error('The context is not of a test')
  return found
}

export const sampleChoice = { provider: 'sample', options: {} }

export interface SampleRequest {
  readonly options: object
  /** Where `openForge` is not the real one. */
  readonly forge?: Forge
  readonly store?: OciStore
  readonly environment?: StepContext['environment']
  readonly version?: string
  readonly commit: string
  readonly results?: { readonly [stepId: string]: Json }
  readonly runStartedAt?: Date
  readonly log?: (text: string) => void
}

/** Once through a step as executors go: what it decided, and its result. Refusals are thrown. */
export async function converge(
  step: AnyStep,
  request: SampleRequest,
): Promise<{ readonly change: Change; readonly result: Json | undefined }> {
  const { signal } = new AbortController()
  if (request.forge !== undefined) ports.set(signal, { forge: request.forge, store: request.store })
  const context: StepContext = {
    run: {
      project: 'app',
      version: request.version ?? '1.2.0',
      commit: request.commit,
      epoch: 1_700_000_000,
    },
    root: '/project',
    results: request.results ?? {},
    signal,
    log: request.log ?? (() => undefined),
    maskSecret: () => undefined,
    environment: request.environment ?? {},
    now: () => new Date(1_700_000_900_000),
    ...(request.runStartedAt !== undefined && { runStartedAt: request.runStartedAt }),
  }
  const options: unknown = step.options.parse(request.options)
  const probe = await step.probe(options, context)
  if (probe.state === 'unknown') throw new Error(`unknown: ${probe.reason}`)
  const change = step.decide(options, probe, context)
  if (change.kind === 'refuse') throw new Refusal(change.code, change.message, { hint: change.hint })
  if (change.kind === 'wait') return { change, result: undefined }
  const result: Json = change.kind === 'keep' ? change.result : await step.act(change, options, context)
  await step.verify?.(result, options, context)
  return { change, result }
}

/** What people are told when it fails. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('It did not fail')
}
