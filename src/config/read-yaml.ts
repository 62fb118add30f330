import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import { type Finding, type Path, type Problem, pathText } from './finding.ts'
import { firstInvalid, withoutMark } from './utf8.ts'
import { offsetOf, type Written, type WrittenMember } from './written.ts'
import { depthMax, syntaxText, tooDeep } from './yaml-words.ts'

/** A file that reaches one of these is broken or hostile; real ones stay below a hundredth. */
const sizeBytesMax = 1 << 20
const nodesMax = 50_000

/** The file as read: its values with their places, or what keeps it from being read. */
export interface YamlText {
  readonly root: Written | undefined
  readonly findings: readonly Finding[]
  /** Puts a problem in its place. */
  locate(problem: Problem): Finding
  /** A finding at an offset of the text, for what is smaller than a value. */
  locateOffset(offset: number, problem: Problem): Finding
  /** The text between two offsets. */
  slice(from: number, to: number): string
}

/** Reads YAML 1.2 and keeps every position. Byte order mark and CRLF are fine; other encodings are not. */
export function readYaml(bytes: Uint8Array | string, file: string): YamlText {
  const reader = new YamlReader(file)
  return reader.read(bytes)
}

class YamlReader {
  readonly #file: string
  readonly #lines = new LineCounter()
  readonly #findings: Finding[] = []
  readonly #done = new Map<Node, { readonly written: Written; readonly nodes: number }>()
  readonly #open = new Set<Node>()
  #text = ''

  constructor(file: string) {
    this.#file = file
  }

  read(bytes: Uint8Array | string): YamlText {
    const text = this.#decode(bytes)
    const root = text === undefined ? undefined : this.#parse(text)
    const isReadable = root !== undefined && this.#findings.length === 0
    return {
      root: isReadable ? root : undefined,
      findings: this.#findings,
      locate: (problem) =>
        this.#finding(root === undefined ? 0 : offsetOf(root, problem.path, problem.at ?? 'value'), problem),
      locateOffset: (offset, problem) => this.#finding(offset, problem),
      slice: (from, to) => this.#text.slice(from, to),
    }
  }

  #decode(bytes: Uint8Array | string): string | undefined {
    const sizeBytes = bytes.length
    if (sizeBytes > sizeBytesMax) {
      this.#report(0, 'CONFIG_TOO_LARGE', `The file has ${sizeBytes} bytes; the most is ${sizeBytesMax}.`, {
        hint: 'Is this the right file? A release of many packages fits into a tenth of that.',
      })
      return undefined
    }
    if (typeof bytes === 'string') return withoutMark(bytes)
    try {
      return withoutMark(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    } catch {
      // The decoder does not say where; the lossy text does.
      const lossy = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
      this.#countLines(lossy)
      this.#report(firstInvalid(bytes), 'CONFIG_ENCODING', 'The file is not UTF-8 text.', {
        hint: 'Save it as UTF-8 in your editor. UTF-16 and Latin-1 are not read.',
      })
      return undefined
    }
  }

  #countLines(text: string): void {
    this.#lines.addNewLine(0)
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1))
      this.#lines.addNewLine(at + 1)
  }

  #parse(text: string): Written | undefined {
    this.#text = text
    const document = parseDocument(text, {
      version: '1.2',
      merge: true,
      // Checked below with both places, and in linear time.
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter: this.#lines,
    })
    this.#reportSyntax([...document.errors, ...document.warnings])
    if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
      this.#report(0, 'CONFIG_YAML', `The file asks for YAML ${document.directives.yaml.version}.`, {
        hint: 'Remove the %YAML line: Hawser reads YAML 1.2, where "yes" is a text and 0o755 is octal.',
      })
    }
    if (this.#findings.length > 0) return undefined
    return this.#root(document)
  }

  #root(document: Document.Parsed): Written | undefined {
    const contents = document.contents
    if (contents === null || (isScalar(contents) && contents.value === null)) {
      this.#report(0, 'CONFIG_EMPTY', 'The file is empty.', {
        hint: 'Run "hawser init" to have one written for this project.',
      })
      return undefined
    }
    if (!isMap(contents)) {
      this.#report(contents.range?.[0] ?? 0, 'CONFIG_TYPE', 'The file does not begin with a key.', {
        hint: 'It is a map of keys such as "project:", "packages:" and "repositories:".',
      })
      return undefined
    }
    const { written, nodes } = this.#node(contents, document, [])
    if (nodes > nodesMax) {
      this.#report(0, 'CONFIG_TOO_LARGE', `The file stands for more than ${nodesMax} values.`, {
        hint: 'Aliases (*name) that contain aliases multiply; write fewer of them.',
      })
    }
    return written
  }

  #reportSyntax(errors: readonly YAMLError[]): void {
    const lines = new Set<number>()
    for (const error of errors) {
      const { line } = this.#lines.linePos(error.pos[0])
      // What follows on the same line is nearly always a consequence.
      if (lines.has(line)) continue
      lines.add(line)
      const { message, hint } = syntaxText(error)
      this.#report(error.pos[0], 'CONFIG_YAML', message, { hint })
      if (error.code === 'RESOURCE_EXHAUSTION') return
    }
  }

  #node(node: Node | null, document: Document, path: Path): { written: Written; nodes: number } {
    if (node === null) return { written: nothing(0), nodes: 1 }
    const at = node.range?.[0] ?? 0
    if (isAlias(node)) {
      const target = node.resolve(document)
      if (target !== undefined && !this.#open.has(target)) return this.#node(target, document, path)
      this.#reportAlias(node.source, target !== undefined, at, path)
      return { written: nothing(at), nodes: 1 }
    }
    const known = this.#done.get(node)
    if (known !== undefined) return known
    if (path.length > depthMax) {
      this.#reportAt(at, path, 'CONFIG_TOO_DEEP', tooDeep.message, tooDeep)
      return { written: nothing(at), nodes: 1 }
    }
    this.#open.add(node)
    const made = this.#make(node, document, path, at)
    this.#open.delete(node)
    this.#done.set(node, made)
    return made
  }

  #make(node: Node, document: Document, path: Path, at: number): { written: Written; nodes: number } {
    if (isMap(node)) return this.#map(node, document, path, at)
    if (isSeq(node)) {
      const made = node.items.map((item, index) =>
        this.#node(item as Node | null, document, [...path, index]),
      )
      return { written: { kind: 'list', at, items: made.map((item) => item.written) }, nodes: sum(made) }
    }
    if (!isScalar(node)) throw new Error('A YAML node is a map, a sequence, a scalar or an alias')
    return { written: this.#scalar(node.value, node.source, at, node.range?.[1] ?? at), nodes: 1 }
  }

  #scalar(value: unknown, source: string | undefined, at: number, end: number): Written {
    const isPlainValue =
      value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (isPlainValue) return { kind: 'scalar', at, end, value, text: source ?? String(value) }
    // Big integers and tagged values: as typed.
    return { kind: 'scalar', at, end, value: source ?? String(value), text: source ?? String(value) }
  }

  #map(map: YAMLMap, document: Document, path: Path, at: number): { written: Written; nodes: number } {
    const members = new Map<string, WrittenMember>()
    const merged: { written: Written; nodes: number }[] = []
    let nodes = 1
    for (const pair of map.items) {
      const key = this.#key(pair, document, path)
      if (key === undefined) continue
      const made = this.#node(pair.value as Node | null, document, [...path, key.text])
      nodes += made.nodes
      if (key.isMerge) {
        merged.push(made)
        continue
      }
      const earlier = members.get(key.text)
      if (earlier === undefined) members.set(key.text, { keyAt: key.at, value: filled(made.written, key.at) })
      else this.#reportDuplicate(key, earlier.keyAt, path)
    }
    for (const { written } of merged) this.#merge(written, members, path)
    return { written: { kind: 'map', at, members }, nodes }
  }

  #key(
    pair: Pair,
    document: Document,
    path: Path,
  ): { text: string; at: number; isMerge: boolean } | undefined {
    const node = isAlias(pair.key) ? pair.key.resolve(document) : pair.key
    const at = (pair.key as Node | null)?.range?.[0] ?? 0
    if (!isScalar(node) || node.value === null) {
      this.#reportAt(at, path, 'CONFIG_KEY', 'A key is not a text.', {
        hint: 'Keys are single words or quoted texts.',
      })
      return undefined
    }
    const text = node.source ?? String(node.value)
    if (text === '__proto__') {
      this.#reportAt(at, path, 'CONFIG_KEY', 'The key "__proto__" cannot be used.', {
        hint: 'Choose another name.',
      })
      return undefined
    }
    return { text, at, isMerge: text === '<<' && node.type === 'PLAIN' }
  }

  /** YAML's merge key: what stands beside it wins, and earlier maps win over later ones. */
  #merge(written: Written, members: Map<string, WrittenMember>, path: Path): void {
    if (written.kind === 'list') {
      for (const item of written.items) this.#merge(item, members, path)
      return
    }
    if (written.kind === 'scalar') {
      this.#reportAt(written.at, [...path, '<<'], 'CONFIG_MERGE', 'Only maps can be merged with "<<".', {
        hint: 'Write "<<: *name" where &name marks a map.',
      })
      return
    }
    for (const [key, member] of written.members) if (!members.has(key)) members.set(key, member)
  }

  #reportAlias(name: string, isCycle: boolean, at: number, path: Path): void {
    const message = isCycle
      ? `The alias "*${name}" stands inside its own anchor "&${name}".`
      : `There is no anchor "&${name}" before the alias "*${name}".`
    const hint = isCycle
      ? 'A value cannot contain itself.'
      : 'Define it earlier in the file. A text that begins with "*" must be quoted.'
    this.#reportAt(at, path, 'CONFIG_ALIAS', message, { hint })
  }

  #reportDuplicate(key: { text: string; at: number }, firstAt: number, path: Path): void {
    const first = this.#lines.linePos(firstAt).line
    this.#reportAt(key.at, [...path, key.text], 'CONFIG_DUPLICATE_KEY', `"${key.text}" is written twice.`, {
      hint: `It first stands on line ${first}. Keep one of them.`,
    })
  }

  #report(offset: number, code: string, message: string, { hint }: { hint: string }): void {
    this.#reportAt(offset, [], code, message, { hint })
  }

  #reportAt(offset: number, path: Path, code: string, message: string, { hint }: { hint: string }): void {
    this.#findings.push(this.#finding(offset, { path, code, message, hint }))
  }

  #finding(offset: number, { path, code, message, hint }: Problem): Finding {
    const { line, col } = this.#lines.linePos(offset)
    // An empty file has no line, but an editor shows its cursor at 1:1.
    return {
      file: this.#file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path: pathText(path),
      code,
      message,
      hint,
    }
  }
}

const nothing = (at: number): Written => ({ kind: 'scalar', at, end: at, value: null, text: '' })

/** A key without a value has no place of its own. */
const filled = (written: Written, keyAt: number): Written =>
  written.kind === 'scalar' && written.value === null ? nothing(keyAt) : written

const sum = (made: readonly { readonly nodes: number }[]): number =>
  made.reduce((total, { nodes }) => total + nodes, 1)
