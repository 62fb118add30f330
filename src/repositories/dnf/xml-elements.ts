import { TextDecoder } from 'node:util'
import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import { parseAttributes, XmlError, type XmlHandler, XmlScanner } from './xml-scanner.ts'

/** A child of the root: its own bytes as text, and those of its parts that somebody asked for. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  /** As it stands in the file; a comment before it belongs to it. */
  readonly raw: string
  readonly parts: ReadonlyMap<string, XmlPart>
}

export interface XmlPart {
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
}

export interface XmlDocument {
  /** All attributes of the root, namespace declarations among them. */
  readonly rootAttributes: Readonly<Record<string, string>>
  readonly elements: readonly XmlElement[]
}

export interface XmlShape {
  /** For messages: which file it is. */
  readonly where: string
  readonly root: string
  readonly namespace: string
  /** Children of the root's children whose attributes and text are wanted. */
  readonly parts: readonly string[]
}

const elementCharactersMax = 64 * 1024 * 1024
const depthMax = 32

/** A document whose root is known, and whose elements come as they are read. */
export interface XmlStream {
  readonly rootAttributes: Readonly<Record<string, string>>
  readonly elements: AsyncIterable<XmlElement>
}

/** Reads a small document whole. */
export async function readXml(source: ByteStream, shape: XmlShape): Promise<XmlDocument> {
  const stream = await openXml(source, shape)
  const elements: XmlElement[] = []
  for await (const element of stream.elements) elements.push(element)
  return { rootAttributes: stream.rootAttributes, elements }
}

/**
 * Reads a document of two levels of interest without building a tree: repodata can be gigabytes. Document types
 * (and with them entities) are refused, so nothing can be expanded.
 */
export async function openXml(source: ByteStream, shape: XmlShape): Promise<XmlStream> {
  const reader = new ElementReader(shape)
  const batches = batchesOf(source, reader, shape)
  const first: XmlElement[] = []
  while (reader.rootAttributes === undefined) {
    const { done, value } = await batches.next()
    if (done === true) break
    first.push(...value)
  }
  return { rootAttributes: reader.rootAttributes ?? {}, elements: flattened(first, batches) }
}

async function* batchesOf(
  source: ByteStream,
  reader: ElementReader,
  shape: XmlShape,
): AsyncGenerator<readonly XmlElement[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  for await (const chunk of source) {
    reader.write(decode(decoder, chunk, shape))
    yield reader.taken()
  }
  reader.write(decode(decoder, undefined, shape))
  reader.end()
  yield reader.taken()
}

async function* flattened(
  first: readonly XmlElement[],
  batches: AsyncIterable<readonly XmlElement[]>,
): AsyncGenerator<XmlElement> {
  yield* first
  for await (const batch of batches) yield* batch
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined, shape: XmlShape): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch (cause) {
    throw broken(shape, 'it is not UTF-8', cause)
  }
}

class ElementReader implements XmlHandler {
  readonly #shape: XmlShape
  readonly #scanner = new XmlScanner(this)
  #elements: XmlElement[] = []
  #rootAttributes: Record<string, string> | undefined
  #current: { name: string; attributes: Record<string, string>; parts: Map<string, XmlPart> } | undefined
  #part: { name: string; attributes: Record<string, string>; text: string } | undefined
  #depth = 0

  constructor(shape: XmlShape) {
    this.#shape = shape
  }

  write(text: string): void {
    this.#checked(() => this.#scanner.write(text))
    if (this.#scanner.pendingCharacters > elementCharactersMax) {
      throw broken(this.#shape, 'one of its elements is too long')
    }
  }

  end(): void {
    this.#checked(() => this.#scanner.end())
  }

  /** Undefined until the root has been opened. */
  get rootAttributes(): Readonly<Record<string, string>> | undefined {
    return this.#rootAttributes
  }

  /** The elements since the last call. */
  taken(): readonly XmlElement[] {
    const elements = this.#elements
    this.#elements = []
    return elements
  }

  #checked(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (error instanceof XmlError) throw broken(this.#shape, error.message)
      throw error
    }
  }

  open(name: string, attributes: string, depth: number): void {
    this.#depth = depth
    if (depth > depthMax) throw broken(this.#shape, `its elements are nested deeper than ${depthMax}`)
    if (depth === 1) this.#openRoot(name, attributes)
    if (depth === 2) this.#current = { name, attributes: parseAttributes(attributes), parts: new Map() }
    if (depth === 3 && this.#shape.parts.includes(name)) {
      this.#part = { name, attributes: parseAttributes(attributes), text: '' }
    }
  }

  #openRoot(name: string, attributes: string): void {
    const { root, namespace } = this.#shape
    this.#rootAttributes = parseAttributes(attributes)
    const { xmlns = '' } = this.#rootAttributes
    if (name !== root || xmlns !== namespace) {
      throw broken(this.#shape, `its root is <${name}> of "${xmlns}", not <${root}> of "${namespace}"`)
    }
    const [, encoding = 'UTF-8'] =
      /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)/.exec(this.#scanner.take()) ?? []
    if (!/^utf-?8$/i.test(encoding)) throw broken(this.#shape, `it is ${encoding}, not UTF-8`)
  }

  get wantsText(): boolean {
    return this.#part !== undefined && this.#depth === 3
  }

  text(text: string): void {
    if (this.#part !== undefined) this.#part.text += text
  }

  close(depth: number): void {
    this.#depth = depth - 1
    if (depth === 3 && this.#part !== undefined) this.#closePart(this.#part)
    if (depth === 2 && this.#current !== undefined) {
      this.#elements.push({ ...this.#current, raw: this.#scanner.take().trim() })
      this.#current = undefined
    }
  }

  #closePart(part: { name: string; attributes: Record<string, string>; text: string }): void {
    // Two answers to one question: a reader could take the one that we did not check.
    if (this.#current?.parts.has(part.name)) {
      throw broken(this.#shape, `a <${this.#current.name}> has two <${part.name}>`)
    }
    this.#current?.parts.set(part.name, { attributes: part.attributes, text: part.text })
    this.#part = undefined
  }
}

function broken(shape: XmlShape, why: string, cause?: unknown): UserError {
  return new UserError('DNF_METADATA_BROKEN', `${shape.where} cannot be read: ${why}.`, {
    hint: 'Repair the repository with the tool that wrote it, or restore the file, then publish again.',
    cause,
  })
}
