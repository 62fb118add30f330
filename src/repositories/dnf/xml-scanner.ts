/** What a scanner tells of; depth 1 is the root. */
export interface XmlHandler {
  open(name: string, attributes: string, depth: number): void
  /** Only called while it is wanted: text is most of a document, and of most of it nobody needs a copy. */
  readonly wantsText: boolean
  text(text: string): void
  /** Called when the whole end tag has been read. */
  close(depth: number): void
}

/** What is wrong, and at which character. */
export class XmlError extends Error {
  override readonly name = 'XmlError'
}

const namePattern = String.raw`[^\s<>/=&"'!?\d.-][^\s<>/=&"'!?]*`
const valuePattern = String.raw`\s*=\s*(?:"[^"<]*"|'[^'<]*')`
const startTag = new RegExp(String.raw`<(${namePattern})((?:\s+${namePattern}${valuePattern})*)\s*(/?)>`, 'y')
const endTag = new RegExp(String.raw`</(${namePattern})\s*>`, 'y')
const attribute = new RegExp(String.raw`(${namePattern})\s*=\s*(?:"([^"]*)"|'([^']*)')`, 'g')
// Numbers of characters that XML forbids are no references either.
const decimal = '#0*(?:9|1[03]|3[2-9]|[4-9]\\d|[1-9]\\d{2,6})'
const hexadecimal = '#x0*(?:9|[AaDd]|[2-9A-Fa-f][\\dA-Fa-f]|[1-9A-Fa-f][\\dA-Fa-f]{2,5})'
const reference = new RegExp(`&(?:amp|lt|gt|quot|apos|${decimal}|${hexadecimal});`, 'y')
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0, 2.2 forbids exactly these.
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

const incomplete = 'there is no whole tag or comment'

const tagCharactersMax = 1 << 20

/** What begins with "<" and is no tag, and how it ends. A document type is refused: it could define entities. */
const asides = [
  { begin: '<!--', end: '-->', isText: false },
  { begin: '<![CDATA[', end: ']]>', isText: true },
  { begin: '<?', end: '?>', isText: false },
] as const

/**
 * A well-formedness check that runs at the speed of the regular expressions below it, about five times that of a SAX
 * parser: repodata is hundreds of megabytes, and nearly all of it only passes through.
 */
export class XmlScanner {
  readonly #handler: XmlHandler
  /** From the last `take` on. */
  #text = ''
  /** Of the first character of `#text` in the document. */
  #offset = 0
  #at = 0
  /** Position of the first `&` that is not checked yet. */
  #nextReference = Number.POSITIVE_INFINITY
  #hasRoot = false
  readonly #open: string[] = []

  constructor(handler: XmlHandler) {
    this.#handler = handler
  }

  get pendingCharacters(): number {
    return this.#text.length
  }

  write(text: string): void {
    this.#text += text
    this.#findReference(this.#at)
    const control = text.search(forbidden)
    if (control !== -1)
      throw this.#error('there is one that XML forbids', this.#text.length - text.length + control)
    while (this.#step()) {
      // Every step is one tag, aside or run of text.
    }
  }

  end(): void {
    if (this.#text.startsWith('<', this.#at)) throw this.#error(incomplete)
    this.#readText(this.#text.length)
    const unclosed = this.#open.at(-1)
    if (unclosed !== undefined) throw this.#error(`it ends, and </${unclosed}> is missing`)
    if (!this.#hasRoot) throw this.#error('it ends without an element')
  }

  /** Everything since the last call, up to where the scanner is. */
  take(): string {
    const taken = this.#text.slice(0, this.#at)
    this.#text = this.#text.slice(this.#at)
    this.#nextReference -= this.#at
    this.#offset += this.#at
    this.#at = 0
    return taken
  }

  /** False when more text is needed. */
  #step(): boolean {
    const start = this.#text.indexOf('<', this.#at)
    if (start === -1) return false
    if (start > this.#at) this.#readText(start)
    // The longest beginning that tells one kind from another is that of CDATA.
    if (this.#text.length - start < 9 && !this.#text.includes('>', start)) return false
    const next = this.#text.charAt(start + 1)
    if (next === '!' || next === '?') return this.#readAside()
    return next === '/' ? this.#readEndTag() : this.#readStartTag()
  }

  #readText(end: number): void {
    this.#checkReferences(end)
    const isOutside = this.#open.length === 0
    if (isOutside || this.#handler.wantsText) {
      const text = this.#text.slice(this.#at, end)
      if (isOutside && /[^\s\ufeff]/.test(text)) throw this.#error('there is text outside of all elements')
      if (this.#handler.wantsText) this.#handler.text(decodeXml(text))
    }
    this.#at = end
  }

  #readAside(): boolean {
    const kind = asides.find(({ begin }) => this.#text.startsWith(begin, this.#at))
    if (kind === undefined)
      throw this.#error('there is a document type or something else that repository metadata never has')
    const start = this.#at + kind.begin.length
    const end = this.#text.indexOf(kind.end, start)
    if (end === -1) return this.#needMore()
    if (kind.isText && this.#open.length === 0) throw this.#error('there is text outside of all elements')
    if (kind.isText && this.#handler.wantsText) this.#handler.text(this.#text.slice(start, end))
    this.#at = end + kind.end.length
    this.#findReference(this.#at)
    return true
  }

  #readEndTag(): boolean {
    endTag.lastIndex = this.#at
    const found = endTag.exec(this.#text)
    if (found === null) return this.#needMore()
    const expected = this.#open.at(-1)
    if (found[1] !== expected)
      throw this.#error(`there is </${found[1]}>, where ${closingOf(expected)} is expected`)
    this.#at = endTag.lastIndex
    this.#close()
    return true
  }

  #readStartTag(): boolean {
    startTag.lastIndex = this.#at
    const found = startTag.exec(this.#text)
    if (found === null) return this.#needMore()
    const [, name = '', attributes = '', slash] = found
    if (this.#open.length === 0 && this.#hasRoot)
      throw this.#error(`there is <${name}> after the end of the document`)
    this.#checkReferences(startTag.lastIndex)
    this.#hasRoot = true
    this.#at = startTag.lastIndex
    this.#open.push(name)
    this.#handler.open(name, attributes, this.#open.length)
    if (slash === '/') this.#close()
    return true
  }

  #close(): void {
    this.#handler.close(this.#open.length)
    this.#open.pop()
  }

  #needMore(): false {
    // A tag that is no tag only shows when there is enough text behind it, or at the end.
    if (this.#text.length - this.#at > tagCharactersMax) throw this.#error(incomplete)
    return false
  }

  #checkReferences(end: number): void {
    while (this.#nextReference < end) {
      reference.lastIndex = this.#nextReference
      if (!reference.test(this.#text))
        throw this.#error('there is an entity that is not defined', this.#nextReference)
      this.#findReference(this.#nextReference + 1)
    }
  }

  #findReference(from: number): void {
    const found = this.#text.indexOf('&', from)
    this.#nextReference = found === -1 ? Number.POSITIVE_INFINITY : found
  }

  #error(what: string, at = this.#at): XmlError {
    return new XmlError(`at character ${this.#offset + at} ${what}`)
  }
}

const closingOf = (name: string | undefined): string => (name === undefined ? 'no end tag' : `</${name}>`)

/** Attributes of a start tag that the scanner found well-formed. */
export function parseAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [, name = '', double, single] of text.matchAll(attribute)) {
    if (name in attributes) throw new XmlError(`the attribute "${name}" is given twice`)
    attributes[name] = decodeXml(double ?? single ?? '')
  }
  return attributes
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** References that are not the five of XML or a number have been refused before. */
function decodeXml(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([\dA-Fa-f]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[name] ?? whole
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code)
  })
}
