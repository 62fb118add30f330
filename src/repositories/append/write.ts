import { type FileHandle, open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { mapInOrder } from '../../archive/chunks.ts'
import { type IndexWriting, writeTail } from './append.ts'
import { codecs, type Member, type TableRow } from './codec.ts'
import type { FormKind, FormState, IndexState, PerAlgorithm } from './index-state.ts'
import { memberBytesMax, sealAtBytes } from './members.ts'
import { RunningDigests } from './running.ts'

export interface WriteRequest extends IndexWriting {
  /** For the bodies; the caller removes it. */
  readonly folder: string
  readonly fragments: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
}

export interface WrittenForm {
  readonly form: FormKind
  readonly path: string
  readonly digests: PerAlgorithm
  readonly file: string
  readonly sizeBytes: number
}

/** Writes a whole index as a stream, in members, so that it can be extended from then on. */
export async function writeIndex(
  request: WriteRequest,
): Promise<{ readonly state: IndexState; readonly forms: readonly WrittenForm[] }> {
  const { footer, algorithms, signal } = request
  const plain = await RunningDigests.start(algorithms)
  const bodies = await Promise.all(request.forms.map((form) => Body.open(form, request)))
  try {
    const text = new Text(request)
    const encode = async (member: Uint8Array) => ({
      member,
      encoded: await Promise.all(bodies.map(({ form }) => codecs[form].encode(member))),
    })
    for await (const { member, encoded } of mapInOrder(text.members(), availableParallelism() + 1, encode)) {
      signal.throwIfAborted()
      plain.update(member)
      for (const [index, body] of bodies.entries()) await body.seal(encoded[index])
    }
    const sealed = plain.save()
    const tail = Buffer.concat([text.tail, footer])
    plain.update(tail)
    const forms: { [form in FormKind]?: FormState } = {}
    const written: WrittenForm[] = []
    for (const body of bodies) {
      const state = await body.finish(tail, request.pathOf)
      forms[body.form] = state
      written.push({
        form: body.form,
        path: state.path,
        digests: state.digests,
        file: body.file,
        sizeBytes: state.sizeBytes,
      })
    }
    return { state: { count: text.count, plain: { ...plain.finish(), sealed }, forms }, forms: written }
  } finally {
    await Promise.all(bodies.map((body) => body.close()))
  }
}

/** Fragments, gathered to members; what is left over and small is the tail. */
class Text {
  readonly #request: WriteRequest
  count = 0
  tail: Uint8Array = new Uint8Array(0)

  constructor(request: WriteRequest) {
    this.#request = request
  }

  async *members(): AsyncGenerator<Uint8Array> {
    let pending: Uint8Array[] = [this.#request.header]
    let sizeBytes = this.#request.header.length
    for await (const fragment of this.#request.fragments) {
      if (sizeBytes > 0 && sizeBytes + fragment.length > memberBytesMax) {
        yield Buffer.concat(pending)
        pending = []
        sizeBytes = 0
      }
      pending.push(fragment)
      sizeBytes += fragment.length
      this.count++
    }
    const rest = Buffer.concat(pending)
    if (rest.length >= sealAtBytes) yield rest
    else this.tail = rest
  }
}

/** One compressed form, written to a file. */
class Body {
  readonly form: FormKind
  readonly file: string
  readonly #handle: FileHandle
  readonly #running: RunningDigests
  readonly #table: TableRow[] = []

  private constructor(form: FormKind, file: string, handle: FileHandle, running: RunningDigests) {
    this.form = form
    this.file = file
    this.#handle = handle
    this.#running = running
  }

  static async open(form: FormKind, { folder, algorithms }: WriteRequest): Promise<Body> {
    const file = join(folder, `index.${form}`)
    const running = await RunningDigests.start(algorithms)
    const body = new Body(form, file, await open(file, 'w'), running)
    await body.#write(codecs[form].prefix)
    return body
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#running.update(bytes)
    if (bytes.length > 0) await this.#handle.appendFile(bytes)
  }

  async seal(member: Member | undefined): Promise<void> {
    if (member === undefined) return
    await this.#write(member.bytes)
    if (member.row !== undefined) this.#table.push(member.row)
  }

  async finish(tail: Uint8Array, pathOf: WriteRequest['pathOf']): Promise<FormState> {
    const kept = this.#running.save()
    const sealed = codecs[this.form].hasTable ? { ...kept, table: this.#table } : kept
    const last: Uint8Array[] = []
    await writeTail(this.form, kept.sizeBytes, tail, this.#table, (bytes) => last.push(bytes))
    await this.#write(Buffer.concat(last))
    const { sizeBytes, digests } = this.#running.finish()
    return { path: pathOf(this.form, digests), sizeBytes, digests, sealed }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
