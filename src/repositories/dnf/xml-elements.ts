import { TextDecoder } from 'node:util'
import { SaxesParser, type SaxesTagNS } from 'saxes'
import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'

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

const elementCharactersMax = 256 * 1024 * 1024
const depthMax = 32

/**
 * Reads a document of two levels of interest without building a tree: repodata can be gigabytes. Document types
 * (and with them entities) are refused, so nothing can be expanded.
 */
export async function readXml(source: ByteStream, shape: XmlShape): Promise<XmlDocument> {
  const reader = new ElementReader(shape)
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  for await (const chunk of source) reader.write(decode(decoder, chunk, shape))
  reader.write(decode(decoder, undefined, shape))
  return reader.end()
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined, shape: XmlShape): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch (cause) {
    throw broken(shape, 'it is not UTF-8', cause)
  }
}

class ElementReader {
  readonly #shape: XmlShape
  readonly #parser = new SaxesParser({ xmlns: true, position: true })
  readonly #elements: XmlElement[] = []
  #rootAttributes: Record<string, string> | undefined
  #depth = 0
  /** Text not yet given out, and the stream position of its first character. */
  #pending = ''
  #pendingStart = 0
  #current: { name: string; attributes: Record<string, string>; parts: Map<string, XmlPart> } | undefined
  #part: { name: string; attributes: Record<string, string>; text: string } | undefined

  constructor(shape: XmlShape) {
    this.#shape = shape
    this.#parser.on('error', (error) => {
      throw broken(shape, error.message.replace(/\.+$/, ''))
    })
    this.#parser.on('doctype', () => {
      throw broken(shape, 'it declares a document type, which repository metadata never has')
    })
    this.#parser.on('xmldecl', ({ encoding }) => {
      if (encoding !== undefined && !/^utf-?8$/i.test(encoding))
        throw broken(shape, `it is ${encoding}, not UTF-8`)
    })
    this.#parser.on('opentag', (tag) => this.#open(tag))
    this.#parser.on('text', (text) => this.#text(text))
    this.#parser.on('cdata', (text) => this.#text(text))
    this.#parser.on('closetag', () => this.#close())
  }

  write(text: string): void {
    this.#pending += text
    this.#parser.write(text)
    if (this.#pending.length > elementCharactersMax)
      throw broken(this.#shape, 'one of its elements is too long')
  }

  end(): XmlDocument {
    this.#parser.close()
    if (this.#rootAttributes === undefined) throw broken(this.#shape, 'it is empty')
    return { rootAttributes: this.#rootAttributes, elements: this.#elements }
  }

  #open(tag: SaxesTagNS): void {
    this.#depth += 1
    if (this.#depth > depthMax) throw broken(this.#shape, `its elements are nested deeper than ${depthMax}`)
    if (this.#depth === 1) this.#openRoot(tag)
    if (this.#depth === 2) this.#current = { name: tag.name, attributes: attributesOf(tag), parts: new Map() }
    if (this.#depth === 3 && this.#shape.parts.includes(tag.name)) {
      this.#part = { name: tag.name, attributes: attributesOf(tag), text: '' }
    }
  }

  #openRoot(tag: SaxesTagNS): void {
    const { root, namespace } = this.#shape
    if (tag.name !== root || tag.uri !== namespace) {
      throw broken(this.#shape, `its root is <${tag.name}> of "${tag.uri}", not <${root}> of "${namespace}"`)
    }
    this.#rootAttributes = attributesOf(tag)
    this.#take()
  }

  #text(text: string): void {
    if (this.#part !== undefined && this.#depth === 3) this.#part.text += text
  }

  #close(): void {
    if (this.#depth === 3 && this.#part !== undefined) this.#closePart(this.#part)
    if (this.#depth === 2 && this.#current !== undefined) {
      this.#elements.push({ ...this.#current, raw: this.#take() })
      this.#current = undefined
    }
    this.#depth -= 1
  }

  #closePart(part: { name: string; attributes: Record<string, string>; text: string }): void {
    // Two answers to one question: a reader could take the one that we did not check.
    if (this.#current?.parts.has(part.name)) {
      throw broken(this.#shape, `a <${this.#current.name}> has two <${part.name}>`)
    }
    this.#current?.parts.set(part.name, { attributes: part.attributes, text: part.text })
    this.#part = undefined
  }

  /** Everything up to the character that was parsed last. */
  #take(): string {
    const length = this.#parser.position - this.#pendingStart
    const text = this.#pending.slice(0, length)
    this.#pending = this.#pending.slice(length)
    this.#pendingStart += length
    return text.trim()
  }
}

function attributesOf(tag: SaxesTagNS): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [name, { value }] of Object.entries(tag.attributes)) attributes[name] = value
  return attributes
}

function broken(shape: XmlShape, why: string, cause?: unknown): UserError {
  return new UserError('DNF_METADATA_BROKEN', `${shape.where} cannot be read: ${why}.`, {
    hint: 'Repair the repository with the tool that wrote it, or restore the file, then publish again.',
    cause,
  })
}
