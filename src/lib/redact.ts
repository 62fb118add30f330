import { Transform } from 'node:stream'

const mask = '***'
/** Masking shorter values would garble every text and tell nobody's secret. */
const lengthMin = 4
/** Lines of a key are long; a `}` of a JSON secret must not be masked everywhere. */
const lineLengthMin = 6

/** Masks registered secrets, and the usual encodings of them, in any text that leaves the process. */
export class Redactor {
  readonly #forms = new Set<string>()

  add(secret: string | Uint8Array): void {
    const bytes = Buffer.from(secret)
    const text = bytes.toString()
    for (const form of [text, text.trim(), ...encodings(text, bytes)]) this.#addForm(form, lengthMin)
    for (const line of secretLines(text)) this.#addForm(line, lineLengthMin)
    for (const line of wrapped(bytes.toString('base64'))) this.#addForm(line, lineLengthMin)
  }

  #addForm(form: string, least: number): void {
    if (form.length >= least) this.#forms.add(form)
  }

  text(text: string): string {
    return maskRanges(text, this.#ranges(text))
  }

  /** For text that comes in pieces: an end that may be the beginning of a secret is held back until it is known. */
  stream(): RedactedStream {
    let held = ''
    return {
      write: (piece) => {
        const text = held + piece
        const ranges = this.#ranges(text)
        const cut = safeCut(this.#undecidedFrom(text), ranges)
        held = text.slice(cut)
        return maskRanges(
          text.slice(0, cut),
          ranges.filter(({ end }) => end <= cut),
        )
      },
      end: () => {
        const rest = this.text(held)
        held = ''
        return rest
      },
    }
  }

  /** The same for the output of a child process. */
  transform(): Transform {
    const decoder = new TextDecoder()
    const stream = this.stream()
    return new Transform({
      transform: (chunk: Uint8Array, _encoding, done) =>
        done(null, stream.write(decoder.decode(chunk, { stream: true }))),
      flush: (done) => done(null, stream.write(decoder.decode()) + stream.end()),
    })
  }

  /** Where forms stand, overlapping and touching ones joined, in order. */
  #ranges(text: string): Range[] {
    const found: Range[] = []
    for (const form of this.#forms) {
      for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
        found.push({ start: at, end: at + form.length })
      }
    }
    return joined(found)
  }

  /** The first position from which the rest of the text is the beginning of a longer form. */
  #undecidedFrom(text: string): number {
    let earliest = text.length
    for (const form of this.#forms) {
      for (let at = Math.max(0, text.length - form.length + 1); at < earliest; at += 1) {
        if (form.startsWith(text.slice(at))) earliest = at
      }
    }
    return earliest
  }
}

export interface RedactedStream {
  write(piece: string): string
  end(): string
}

interface Range {
  readonly start: number
  readonly end: number
}

function encodings(text: string, bytes: Buffer): string[] {
  const base64 = [0, 1, 2].map((shift) => base64Within(bytes, shift))
  return [
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('base64'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(text.toWellFormed()),
    new URLSearchParams({ '': text }).toString().slice(1),
    JSON.stringify(text).slice(1, -1),
  ]
}

/** Base64 of something that has the secret inside, `shift` bytes after a group's start ("user:secret"): the sure part. */
function base64Within(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  const unsureAtEnd = (bytes.length + shift) % 3 === 0 ? 0 : 4
  return text.slice(shift === 0 ? 0 : 4, text.length - unsureAtEnd)
}

/** Armor's own lines (`-----BEGIN …-----`) are no secret, and masking them would hide what was there. */
function secretLines(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  return lines.length === 1 ? [] : lines.filter((line) => !/^-----[^-]*-----$/.test(line))
}

/** As `base64` and `openssl base64` print it: 76 or 64 characters a line. */
function wrapped(base64: string): string[] {
  if (base64.length <= 64) return []
  return [...(base64.match(/.{1,76}/g) ?? []), ...(base64.match(/.{1,64}/g) ?? [])]
}

function joined(ranges: Range[]): Range[] {
  const result: Range[] = []
  for (const range of ranges.sort((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last === undefined || range.start > last.end) result.push(range)
    else result[result.length - 1] = { start: last.start, end: Math.max(last.end, range.end) }
  }
  return result
}

/** Never cuts through a range: what follows its cut half could not be recognised any more. */
function safeCut(cut: number, ranges: readonly Range[]): number {
  const crossed = ranges.find(({ start, end }) => start < cut && cut < end)
  return crossed?.start ?? cut
}

function maskRanges(text: string, ranges: readonly Range[]): string {
  let result = ''
  let at = 0
  for (const { start, end } of ranges) {
    result += text.slice(at, start) + mask
    at = end
  }
  return result + text.slice(at)
}
