import { readFile, realpath, stat } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { editScalars, type ScalarChange, type ScalarEdit } from '../config/edit-scalars.ts'
import { formatFinding } from '../config/finding.ts'
import { loadConfig } from '../config/load.ts'
import { UserError } from '../errors.ts'
import { writeFileAtomic } from '../lib/atomic-file.ts'
import { mapLimited } from '../lib/limit.ts'
import type { NewPin } from '../sources/source.ts'
import { projectStore } from '../steps/artifacts.ts'
import { openSource } from '../steps/source-choice.ts'
import { verifySignature } from '../steps/verify-signature.ts'
import { contextOutside, type OutsideRun } from './open-declared.ts'
import { type PinnedComponent, readPinnedComponent } from './pinned-component.ts'
import { configName, type Project } from './project.ts'

export interface BumpRequest extends OutsideRun {
  readonly component: string
  readonly version: string
  readonly inputs: { readonly [name: string]: string }
}

export interface Bumped {
  readonly component: string
  readonly from: string
  readonly to: string
  /** In the order of the file; empty when it said all of this already. Pins say who confirmed them. */
  readonly changes: readonly (ScalarChange & { readonly vouchers?: readonly string[] })[]
}

/** Pins another version of a component: everything is fetched and checked first, then the file is rewritten in one go, or not. */
export async function bumpComponent(request: BumpRequest): Promise<Bumped> {
  const { project, component, version } = request
  const pinned = await readPinnedComponent(project, component)
  refusePrefix(version, pinned)
  const versionEdit = { path: ['components', component, 'version'], from: pinned.version, to: version }
  refuseComputed(component, pinned)
  const config = await configOf(editScalars(pinned.text, configName, [versionEdit]).text, request)
  const pins = await pinsOf(pinned.sources, config, request)
  if (version === pinned.version) for (const pin of pins) refuseOtherBytes(pin, component, version)
  const edits: (ScalarEdit & { readonly vouchers?: readonly string[] })[] = [versionEdit, ...pins].filter(
    ({ from, to }) => from !== to,
  )
  const edited = editScalars(pinned.text, configName, edits)
  if (edits.length > 0) {
    await configOf(edited.text, request)
    await replaceFile(project, pinned.text, edited.text)
  }
  const changes = edited.changes.map((change, index) => {
    const vouchers = edits[index]?.vouchers
    return { ...change, ...(vouchers && { vouchers }) }
  })
  return {
    component,
    from: pinned.version,
    to: version,
    changes: changes.toSorted((a, b) => a.line - b.line),
  }
}

/** `v1.5.2` is a tag, not a version, unless this component has always been written so. */
function refusePrefix(version: string, { version: now, isReleased }: PinnedComponent): void {
  if (!/^[vV]\d/.test(version) || (!isReleased && /^[vV]\d/.test(now))) return
  throw new UserError('VERSION_PREFIX', `The version "${version}" begins with "${version[0]}".`, {
    hint: `Write "${version.slice(1)}": the letter belongs to a tag, not to a version.`,
  })
}

function refuseComputed(component: string, { version }: PinnedComponent): void {
  if (!version.includes('${')) return
  throw new UserError(
    'COMPONENT_COMPUTED',
    `components.${component}.version is "${version}", which is decided at each release.`,
    {
      hint: 'Write the version itself there, so that it and its downloads are pinned together.',
    },
  )
}

async function configOf(text: string, { project, inputs, component, version }: BumpRequest): Promise<Config> {
  const { root, environment } = project
  const { config, findings } = await loadConfig({ text, root, environment, inputs })
  if (config !== undefined) return config
  throw new UserError(
    'BUMP_INVALID',
    `With ${component} ${version}, ${configName} would have findings.\n\n${findings.map(formatFinding).join('\n')}`,
    { hint: 'Nothing was written.' },
  )
}

interface Pin extends ScalarEdit, NewPin {
  readonly source: string
}

/** Looks at all of them, so that the same mistake gives the same error: the first one in the order of the file. */
async function pinsOf(
  sources: readonly string[],
  config: Config,
  request: BumpRequest,
): Promise<readonly Pin[]> {
  const pins: Pin[] = []
  const looks = await mapLimited(
    sources,
    4,
    (name, signal) => settled(pinOf(name, config, { ...request, signal }), signal),
    request.signal,
  )
  for (const look of looks) {
    if (look.status === 'rejected') throw look.reason
    pins.push(look.value)
  }
  return pins
}

async function settled<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<PromiseSettledResult<Value>> {
  const [result] = await Promise.allSettled([promise])
  signal.throwIfAborted()
  return result
}

async function pinOf(name: string, config: Config, request: BumpRequest): Promise<Pin> {
  const chosen = config.sources[name]
  if (chosen === undefined) throw new Error(`The source "${name}" was in the file a moment ago`)
  const context = contextOutside(request)
  const source = openSource(chosen, context, await projectStore(context))
  if (source.newPin === undefined) throw noPin(name, chosen.provider)
  context.log(`fetching ${source.describe}`)
  const pin = await source.newPin({
    signal: request.signal,
    verifySignature: (data, signature, signedBy) => verifySignature(data, signature, signedBy, context),
  })
  return { ...pin, source: name, path: ['sources', name, chosen.provider, pin.option] }
}

const noPin = (name: string, provider: string): UserError =>
  new UserError(
    'BUMP_NO_PIN',
    `The source "${name}" is of the kind ${provider}, which cannot be pinned anew.`,
    {
      hint: 'Change the version and this source yourself, in one commit.',
    },
  )

/** Digits that nobody has filled in yet. */
const isPlaceholder = (pin: string): boolean => /^0+$/.test(pin)

function refuseOtherBytes({ source, from, to }: Pin, component: string, version: string): void {
  if (from === to || isPlaceholder(from)) return
  throw new UserError(
    'BUMP_OTHER_BYTES',
    `The source "${source}" is no longer what was pinned, although ${component} stays ${version}.\npinned: ${from}\nfound:  ${to}`,
    {
      hint: 'A published version must not change: ask its publisher before you change the pin yourself. Nothing was written.',
    },
  )
}

/** Nobody else's change is lost: the file must still be what was read. */
async function replaceFile({ configPath }: Project, before: string, after: string): Promise<void> {
  const path = await realpath(configPath)
  if ((await readFile(path)).toString() !== before) {
    throw new UserError('BUMP_FILE_CHANGED', `${configName} was changed while the downloads were checked.`, {
      hint: 'Nothing was written. Run the command again.',
    })
  }
  await writeFileAtomic(path, after, { mode: (await stat(path)).mode & 0o777 })
}
