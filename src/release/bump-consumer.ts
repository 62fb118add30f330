import type { Config } from '../config/config.ts'
import type { ConsumerConfig } from '../config/consumer-config.ts'
import { type AppliedEdit, applyEdits } from '../downstream/apply-edits.ts'
import { type DriftFinding, drift } from '../downstream/drift.ts'
import type { Files } from '../downstream/replacement.ts'
import { UserError } from '../errors.ts'
import type { Contents } from '../forge/forge-parts.ts'
import { closest } from '../lib/closest.ts'
import { readForEdits } from '../steps/edited-files.ts'
import { openForge } from '../steps/forge-choice.ts'
import { baseBranch, headOf, neededPart } from '../steps/forge-part.ts'
import { type CheckoutContents, checkoutContents } from './checkout-contents.ts'
import { contextOutside, type OutsideRun } from './open-declared.ts'
import { type ResolvedConsumer, resolveConsumer } from './resolve-edits.ts'

export interface ConsumerRequest extends OutsideRun {
  readonly config: Config
  /** All of them when it is not given. */
  readonly consumer?: string | undefined
  /** The last of each consumer, whose addresses are to be merged, when it is not given. */
  readonly environment?: string | undefined
  /** A checkout to work in, instead of the base branch at the forge. */
  readonly folder?: string | undefined
}

export interface BumpedConsumer {
  readonly consumer: string
  readonly environment: string | undefined
  /** For people. */
  readonly where: string
  readonly before: Files
  /** Files that are something else afterwards. */
  readonly after: Files
  readonly applied: readonly AppliedEdit[]
}

/** What the edits change at the consumers' base branches; in a checkout they are made. */
export async function bumpConsumers(request: ConsumerRequest): Promise<readonly BumpedConsumer[]> {
  const bumped: BumpedConsumer[] = []
  for (const { consumer, environment, resolved } of chosen(request)) {
    const opened = await openContents(consumer, request)
    const before = await readForEdits(resolved.edits, [], { ...opened, signal: request.signal })
    const { files: after, applied } = applyEdits(resolved.edits, before)
    for (const [path, text] of after) await opened.checkout?.write(path, text)
    bumped.push({ consumer: consumer.name, environment, where: opened.where, before, after, applied })
  }
  return bumped
}

export interface ConsumerDrift {
  readonly consumer: string
  readonly environment: string | undefined
  readonly where: string
  /** How many were looked at. */
  readonly files: number
  readonly findings: readonly DriftFinding[]
}

/** What is not as this version wants it. Writes nothing. */
export async function checkConsumers(request: ConsumerRequest): Promise<readonly ConsumerDrift[]> {
  const checked: ConsumerDrift[] = []
  for (const { consumer, environment, resolved } of chosen(request)) {
    const { edits, packages, foreign } = resolved
    const opened = await openContents(consumer, request)
    const files = await readForEdits(edits, consumer.watch, { ...opened, signal: request.signal })
    const findings = drift({ edits, packages, foreign, files })
    const { where } = opened
    checked.push({ consumer: consumer.name, environment, where, files: files.size, findings })
  }
  return checked
}

interface Chosen {
  readonly consumer: ConsumerConfig
  readonly environment: string | undefined
  readonly resolved: ResolvedConsumer
}

function chosen({ config, consumer: name, environment, folder }: ConsumerRequest): readonly Chosen[] {
  const all = Object.values(config.consumers)
  const consumers = name === undefined ? all : all.filter((one) => one.name === name)
  const names = all.map((one) => one.name)
  if (all.length === 0) throw noConsumers()
  if (consumers.length === 0) throw unknownConsumer(name ?? '', names)
  if (folder !== undefined && consumers.length > 1) throw whichConsumer(names)
  return consumers.map((consumer) => {
    const selected = environmentOf(consumer, environment)
    return { consumer, environment: selected, resolved: resolveConsumer(config, consumer, selected) }
  })
}

function environmentOf(
  { name, environments }: ConsumerConfig,
  wanted: string | undefined,
): string | undefined {
  if (wanted === undefined || environments.includes(wanted)) return wanted ?? environments.at(-1)
  throw new UserError('CONSUMER_ENVIRONMENT', `The consumer "${name}" has no environment "${wanted}".`, {
    hint: environments.length === 0 ? 'Leave --environment out.' : `It has ${environments.join(', ')}.`,
  })
}

interface OpenedContents {
  readonly contents: Contents
  readonly commit: string
  readonly where: string
  readonly checkout?: CheckoutContents
}

async function openContents(consumer: ConsumerConfig, request: ConsumerRequest): Promise<OpenedContents> {
  const { folder, project, signal } = request
  if (folder !== undefined) {
    const checkout = await checkoutContents(folder, project, signal)
    return { contents: checkout, checkout, commit: 'HEAD', where: folder }
  }
  const forge = openForge(consumer.forge, contextOutside(request))
  const contents = neededPart(forge, 'contents', 'hawser bump')
  const base = await baseBranch(forge, consumer.base, 'hawser bump')
  return { contents, commit: await headOf(forge, base), where: `${base} of ${forge.location}` }
}

const noConsumers = (): UserError =>
  new UserError('CONSUMERS_NONE', 'hawser.yaml declares no consumers.', {
    hint: 'Add "consumers" with the repositories that use the packages; docs/consume.md. To pin a component: hawser bump component NAME VERSION.',
  })

function unknownConsumer(name: string, names: readonly string[]): UserError {
  const similar = closest(name, names)
  return new UserError('CONSUMER_UNKNOWN', `hawser.yaml has no consumer "${name}".`, {
    hint: similar === undefined ? `Consumers: ${names.join(', ')}.` : `Did you mean "${similar}"?`,
  })
}

const whichConsumer = (names: readonly string[]): UserError =>
  new UserError('CONSUMER_WHICH', 'A checkout is of one consumer, and hawser.yaml has several.', {
    hint: `Name it: hawser bump VERSION CONSUMER --in FOLDER. Consumers: ${names.join(', ')}.`,
  })
