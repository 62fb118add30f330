import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  parseDocument,
  Scalar,
} from 'yaml'
import { closest } from '../lib/closest.ts'
import type { YamlEdit } from './edit.ts'
import { type EditFinding, type Files, type FoundPlaces, lineAt, type Replacement } from './replacement.ts'
import { missingFile } from './versions-edit.ts'
import { parseYamlPath, type YamlPath } from './yaml-path.ts'

/** Where values stand in a YAML file. What replaces them has the same quotes, so that nothing else changes. */
export function findYamlPlaces({ name, file, values }: YamlEdit, files: Files): FoundPlaces {
  const text = files.get(file)
  if (text === undefined) return { places: [], findings: [missingFile(name, file)] }
  const places: Replacement[] = []
  const findings: EditFinding[] = []
  const say = (line: number | undefined, message: string, hint: string) => {
    findings.push({ edit: name, file, line, message, hint })
  }
  const documents = readDocuments(text)
  if ('problem' in documents) {
    say(documents.line, `it is no YAML: ${documents.problem}.`, 'Repair the file.')
    return { places, findings }
  }
  for (const [written, value] of Object.entries(values)) {
    const found = find(documents.roots, pathOf(written))
    if ('scalar' in found) {
      const [start, end] = found.scalar.range ?? [0, 0]
      const after = rendered(found.scalar, text.slice(start, end), value)
      if (after !== undefined) places.push({ file, start, end, after })
      else say(lineAt(text, start), `the value of "${written}" is a block of lines.`, blockHint)
    } else say(lineAt(text, found.near), `"${written}" ${found.problem}`, found.hint)
  }
  return { places, findings }
}

const blockHint = 'Write it as one plain or quoted text; only such values are replaced.'

type Documents = { readonly roots: readonly Node[] } | { readonly problem: string; readonly line: number }

function readDocuments(text: string): Documents {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, version: '1.1' })
  const documents = Array.isArray(parsed) ? parsed : []
  for (const { errors } of documents) {
    const [error] = errors
    if (error !== undefined) {
      return { problem: error.message.replace(/\.$/, ''), line: lines.linePos(error.pos[0]).line }
    }
  }
  return { roots: documents.flatMap(({ contents }) => (contents === null ? [] : [contents])) }
}

function pathOf(written: string): YamlPath {
  const path = parseYamlPath(written)
  if (path === undefined) throw new Error(`"${written}" is no path, although the config was checked`)
  return path
}

type Found =
  | { readonly scalar: Scalar }
  | { readonly problem: string; readonly hint: string; readonly near: number }

/** In the one document of the file that has it. */
function find(roots: readonly Node[], path: YamlPath): Found {
  const [first, ...others] = roots
  if (first === undefined) return { problem: 'is not there: the file is empty.', hint: pathHint, near: 0 }
  const found = roots.map((root) => follow(root, path))
  const there = found.filter((one) => 'scalar' in one)
  const [one, second] = there
  if (second !== undefined) {
    const near = second.scalar.range?.[0] ?? 0
    return { problem: 'is in several documents of the file.', hint: 'Keep it in one of them.', near }
  }
  return one ?? (others.length === 0 ? follow(first, path) : notInAny(first))
}

const notInAny = (first: Node): Found => ({
  problem: 'is in no document of the file.',
  hint: pathHint,
  near: first.range?.[0] ?? 0,
})

const pathHint = 'Correct the path in hawser.yaml, or add the key to the file.'

function follow(root: Node, path: YamlPath): Found {
  let node: unknown = root
  let near = root.range?.[0] ?? 0
  for (const part of path) {
    if (isAlias(node)) return aliased(node.source, near)
    const child = childOf(node, part)
    if (child === undefined) return { problem: absence(node, part), hint: pathHint, near }
    node = child.node
    near = child.at ?? near
  }
  if (isAlias(node)) return aliased(node.source, near)
  if (!isScalar(node)) return { problem: 'is no single value.', hint: 'Write the path of one value.', near }
  const [start, end] = node.range ?? [0, 0]
  if (end > start) return { scalar: node }
  return { problem: 'has no value yet.', hint: 'Write a first value into the file.', near }
}

const aliased = (source: string, near: number): Found => ({
  problem: `is an alias of "&${source}".`,
  hint: 'Write the path of the value that the anchor is at.',
  near,
})

function childOf(
  node: unknown,
  part: string | number,
): { readonly node: unknown; readonly at: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && keyText(key) === String(part))
    const at = pair !== undefined && isScalar(pair.key) ? pair.key.range?.[0] : undefined
    return pair && { node: pair.value, at }
  }
  if (!isSeq(node) || typeof part !== 'number') return undefined
  const item: unknown = node.items[part]
  const range = isScalar(item) || isMap(item) || isSeq(item) ? item.range : undefined
  return item === undefined ? undefined : { node: item, at: range?.[0] }
}

const keyText = (key: Scalar): string => key.source ?? String(key.value)

function absence(node: unknown, part: string | number): string {
  if (typeof part === 'number') {
    return isSeq(node) ? `is not there: the list has ${node.items.length}.` : 'is not there: here is no list.'
  }
  if (!isMap(node)) return `is not there: here are no keys, so no "${part}".`
  const keys = node.items.flatMap(({ key }) => (isScalar(key) ? [keyText(key)] : []))
  const near = closest(part, keys)
  return `is not there: there is no key "${part}"${near === undefined ? '' : `; there is "${near}"`}.`
}

/** The value with the quotes that the old one has; undefined for a block. */
function rendered({ type, value: old }: Scalar, source: string, value: string): string | undefined {
  // As it was typed, when it says the same: "\u002d" stays.
  if (source.includes('\n')) return undefined
  if (old === value || source === value) return source
  if (type === Scalar.QUOTE_SINGLE) return `'${value.replaceAll("'", "''")}'`
  if (type === Scalar.QUOTE_DOUBLE) return JSON.stringify(value)
  if (type !== Scalar.PLAIN) return undefined
  // A number stays one; a text must not become one because it has no quotes.
  const isSafe = isPlainText(value) || (typeof old !== 'string' && isPlainOf(typeof old, value))
  return isSafe ? value : `'${value.replaceAll("'", "''")}'`
}

/** Safe in lists and maps in brackets, too. */
const plainForm = /^[A-Za-z0-9/._~$][^\s,[\]{}#&*!|>'"%@`]*$/

const isPlainText = (value: string): boolean => isPlainOf('string', value)

/** Both versions of YAML read it as that type; programs that read files are of either. */
const isPlainOf = (type: string, value: string): boolean =>
  plainForm.test(value) &&
  !value.endsWith(':') &&
  (['1.1', '1.2'] as const).every((version) => typeof readPlain(value, version) === type)

function readPlain(value: string, version: '1.1' | '1.2'): unknown {
  const { contents, errors } = parseDocument(value, { version })
  return errors.length === 0 && isScalar(contents) ? contents.value : undefined
}
