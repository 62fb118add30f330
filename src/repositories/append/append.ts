import { decompress } from '../../archive/decompress.ts'
import { HashStateError, type ResumableAlgorithm } from '../../lib/resumable-hash.ts'
import { codecs, type TableRow } from './codec.ts'
import {
  type FormKind,
  type FormState,
  formKinds,
  type IndexState,
  IndexStateError,
  type PerAlgorithm,
} from './index-state.ts'
import { cutMembers, sealAtBytes } from './members.ts'
import { RunningDigests } from './running.ts'

export interface IndexWriting {
  readonly header: Uint8Array
  readonly footer: Uint8Array
  /** gzip or zstd is among them: the text of the tail is read from one of these. */
  readonly forms: readonly FormKind[]
  readonly algorithms: readonly ResumableAlgorithm[]
  /** Where a body with these digests is put. */
  pathOf(form: FormKind, digests: PerAlgorithm): string
}

export interface AppendRequest extends IndexWriting {
  /** Undefined: there is no such index yet. */
  readonly previous: IndexState | undefined
  readonly fragments: readonly Uint8Array[]
  /** The bytes from the sealed end to the end of the previous body; undefined when it is gone. */
  readTail(form: FormKind): Promise<Uint8Array | undefined>
}

export interface AppendedForm {
  readonly form: FormKind
  readonly path: string
  readonly digests: PerAlgorithm
  /** The part of the previous body that comes first; undefined when there is none. */
  readonly kept: { readonly from: string; readonly start: number; readonly end: number } | undefined
  readonly bytes: Uint8Array
}

export interface Appended {
  readonly state: IndexState
  readonly forms: readonly AppendedForm[]
}

/** Whether an index can be extended in these forms, or has to be written anew first. */
export function canAppend(
  previous: IndexState | undefined,
  { forms, algorithms }: Pick<IndexWriting, 'forms' | 'algorithms'>,
): boolean {
  if (previous === undefined) return true
  const hasStates = (states: PerAlgorithm): boolean => algorithms.every((name) => states[name] !== undefined)
  return (
    hasStates(previous.plain.sealed.states) &&
    forms.every((form) => {
      const state = previous.forms[form]
      return state !== undefined && hasStates(state.sealed.states)
    })
  )
}

/**
 * Extends an index. Reads and makes only its tail: the new fragments go behind those of the old tail, and when there are
 * enough of them they are sealed. Throws IndexStateError when the old tail does not fit the state.
 */
export async function appendToIndex(request: AppendRequest): Promise<Appended> {
  const { previous, header, footer, fragments } = request
  const tails = await readTails(request)
  const before = previous === undefined ? header : await plainTail(request, previous, tails)
  const pending = [before, ...fragments].filter(({ length }) => length > 0)
  const pendingBytes = pending.reduce((sum, { length }) => sum + length, 0)
  const sealed = pendingBytes >= sealAtBytes ? cutMembers(pending) : []
  const tail = Buffer.concat([...(sealed.length === 0 ? pending : []), footer])

  const plain = await extendPlain(request, sealed, tail)
  const forms: AppendedForm[] = []
  const states: { [form in FormKind]?: FormState } = {}
  for (const form of request.forms) {
    const extended = await extendForm(request, form, sealed, tail)
    forms.push(extended.appended)
    states[form] = extended.state
  }
  return { state: { count: (previous?.count ?? 0) + fragments.length, plain, forms: states }, forms }
}

type Tails = ReadonlyMap<FormKind, Uint8Array>

async function readTails({ previous, forms, readTail }: AppendRequest): Promise<Tails> {
  const tails = new Map<FormKind, Uint8Array>()
  for (const form of forms) {
    const state = previous?.forms[form]
    if (previous === undefined) continue
    if (state === undefined)
      throw new Error(`The index has no form "${form}"; it has to be written anew first`)
    const tail = await readTail(form)
    if (tail === undefined) throw new IndexStateError(`${state.path} is gone`)
    await checkTail(state, tail)
    tails.set(form, tail)
  }
  return tails
}

/** State and tail together must finish to the digests that the entry vouches for, else neither is used. */
async function checkTail(
  { path, sizeBytes, digests, sealed }: FormState | (IndexState['plain'] & { path: string }),
  tail: Uint8Array,
): Promise<void> {
  const names = algorithmsOf(digests)
  const running = await RunningDigests.start(names, sealed).catch(asStateError(path))
  running.update(tail)
  const found = running.finish()
  const isRight =
    found.sizeBytes === sizeBytes && names.every((name) => found.digests[name] === digests[name])
  if (!isRight || names.length === 0) throw new IndexStateError(`${path} is not what was recorded of it`)
}

const algorithmsOf = (digests: PerAlgorithm): readonly ResumableAlgorithm[] =>
  (['md5', 'sha1', 'sha256', 'sha512'] as const).filter((name) => digests[name] !== undefined)

const asStateError =
  (path: string) =>
  (error: unknown): never => {
    if (error instanceof HashStateError) throw new IndexStateError(`${path}: ${error.message}`)
    throw error
  }

/** The text of the old tail, without the footer. */
async function plainTail(
  { footer }: AppendRequest,
  { plain }: IndexState,
  tails: Tails,
): Promise<Uint8Array> {
  const form = formKinds.find((kind) => kind !== 'xz' && tails.has(kind))
  const bytes = form === undefined ? undefined : tails.get(form)
  if (form === undefined || bytes === undefined) throw new Error('An index needs a gzip or zstd form')
  const text = bytes.length === 0 ? Buffer.alloc(0) : await unpacked(bytes, form, plain.sizeBytes)
  await checkTail({ ...plain, path: 'The unpacked index' }, text)
  return text.subarray(0, text.length - footer.length)
}

async function unpacked(bytes: Uint8Array, form: FormKind, sizeBytesMax: number): Promise<Buffer> {
  async function* input(): AsyncGenerator<Uint8Array> {
    yield bytes
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of decompress(input(), form, { sizeBytesMax })) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function extendPlain(
  { previous, algorithms }: AppendRequest,
  sealed: readonly Uint8Array[],
  tail: Uint8Array,
): Promise<IndexState['plain']> {
  const running = await RunningDigests.start(algorithms, previous?.plain.sealed)
  for (const member of sealed) running.update(member)
  const kept = running.save()
  running.update(tail)
  return { ...running.finish(), sealed: kept }
}

async function extendForm(
  { previous, algorithms, pathOf }: AppendRequest,
  form: FormKind,
  sealed: readonly Uint8Array[],
  tail: Uint8Array,
): Promise<{ readonly state: FormState; readonly appended: AppendedForm }> {
  const codec = codecs[form]
  const before = previous?.forms[form]
  const running = await RunningDigests.start(algorithms, before?.sealed)
  const table: TableRow[] = [...(before?.sealed.table ?? [])]
  const written: Uint8Array[] = []
  const write = (bytes: Uint8Array): void => {
    written.push(bytes)
    running.update(bytes)
  }
  if (before === undefined) write(codec.prefix)
  for (const plain of sealed) {
    const { bytes, row } = await codec.encode(plain)
    write(bytes)
    if (row !== undefined) table.push(row)
  }
  const kept = { ...running.save(), ...(codec.hasTable ? { table: [...table] } : {}) }
  await writeTail(form, kept.sizeBytes, tail, table, write)
  const { sizeBytes, digests } = running.finish()
  const path = pathOf(form, digests)
  const state = { path, sizeBytes, digests, sealed: kept }
  const start = before?.sealed.sizeBytes ?? 0
  const from = before === undefined || start === 0 ? undefined : { from: before.path, start: 0, end: start }
  return { state, appended: { form, path, digests, kept: from, bytes: Buffer.concat(written) } }
}

/** The tail member, and what follows all members. Where there would be nothing at all, an empty member. */
export async function writeTail(
  form: FormKind,
  sealedBytes: number,
  tail: Uint8Array,
  table: readonly TableRow[],
  write: (bytes: Uint8Array) => void,
): Promise<void> {
  const codec = codecs[form]
  const rows = [...table]
  if (tail.length > 0 || (sealedBytes === 0 && !codec.hasTable)) {
    const { bytes, row } = await codec.encode(tail)
    write(bytes)
    if (row !== undefined) rows.push(row)
  }
  write(codec.suffix(rows))
}
