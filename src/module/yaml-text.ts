import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseAllDocuments,
  type ScalarTag,
  stringify,
  type Tags,
  visit,
} from 'yaml'
import { UserError } from '../errors.ts'
import type { Json, JsonObject } from '../lib/json.ts'

/** One document of a YAML file that holds a mapping. */
export interface YamlDocument {
  readonly value: JsonObject
  /** In the file, from 1. */
  readonly line: number
}

/** Larger ones are no manifest; etcd takes 1.5 MiB for each object. */
const sizeBytesMax = 32 << 20

/** Every document that is not empty. Read as Kubernetes reads it (YAML 1.1 without times), so that 0644 is octal. */
export function readYamlDocuments(text: string, where: string): readonly YamlDocument[] {
  if (text.length > sizeBytesMax) throw yamlError(where, `it is larger than ${sizeBytesMax} bytes`)
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    version: '1.1',
    customTags: asKubernetes,
    lineCounter: lines,
    uniqueKeys: true,
    merge: true,
    logLevel: 'error',
  })
  if (!Array.isArray(documents)) return []
  const found: YamlDocument[] = []
  for (const document of documents) {
    const [error] = document.errors
    if (error !== undefined) throw yamlError(where, firstLine(error.message))
    if (document.contents === null) continue
    checkKeys(document, where)
    const value = plainValue(document, where)
    if (value === null) continue
    const line = lines.linePos(document.contents.range?.[0] ?? 0).line
    if (!isMap(document.contents)) throw yamlError(where, `the document at line ${line} is no mapping`)
    found.push({ value: value as JsonObject, line })
  }
  return found
}

/** The only document of a file. */
export function readYamlDocument(text: string, where: string): JsonObject {
  const documents = readYamlDocuments(text, where)
  const [first] = documents
  if (first === undefined || documents.length > 1) {
    throw yamlError(where, `it holds ${documents.length} documents, and one is needed`)
  }
  return first.value
}

/** Strings that any YAML version could take for something else are quoted; lines are never folded. */
export const writeYaml = (value: unknown): string =>
  stringify(value, { lineWidth: 0, compat: 'yaml-1.1', aliasDuplicateObjects: false })

/** Members in byte order at every depth, as Go's encoders write them. */
export function sortedMembers(value: unknown): Json {
  if (Array.isArray(value)) return value.map((item) => sortedMembers(item))
  if (value === null || typeof value !== 'object') return value as Json
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, sortedMembers(member)]))
}

/** JSON has no names that are lists or mappings. */
function checkKeys(document: Document.Parsed, where: string): void {
  visit(document, {
    Pair: (_key, pair) => {
      if (isCollection(pair.key)) throw yamlError(where, 'it has a list or a mapping as the name of a member')
      const isNameless = pair.key === null || (isScalar(pair.key) && pair.key.value === null)
      if (isNameless) throw yamlError(where, 'it has a member without a name')
    },
  })
}

/** Go's YAML reads no times, no base-60 numbers, and no "y" or "n" as a truth value. */
function asKubernetes(tags: Tags): Tags {
  const kept = tags.filter((tag) => {
    if (typeof tag === 'string') return tag !== 'timestamp' && tag !== 'intTime' && tag !== 'floatTime'
    return (
      tag.tag !== 'tag:yaml.org,2002:timestamp' &&
      tag.tag !== boolTag &&
      !('format' in tag && tag.format === 'TIME')
    )
  })
  return [...truthValues, ...kept]
}

const boolTag = 'tag:yaml.org,2002:bool'
const truthValues: readonly ScalarTag[] = [
  { default: true, tag: boolTag, test: /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, resolve: () => true },
  { default: true, tag: boolTag, test: /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, resolve: () => false },
]

function plainValue(document: { toJS(options: { maxAliasCount: number }): unknown }, where: string): unknown {
  try {
    return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 1000 })))
  } catch (cause) {
    // The library's own limit against "billion laughs".
    if (cause instanceof ReferenceError) throw yamlError(where, 'its aliases grow without bounds', cause)
    // Merge keys with nothing to merge, and the like.
    throw yamlError(where, cause instanceof Error ? firstLine(cause.message) : 'it has no plain value', cause)
  }
}

/** The rest of the library's message quotes the file. */
const firstLine = (message: string): string => message.split('\n', 1)[0]?.replace(/[:\s]+$/, '') ?? ''

function yamlError(where: string, problem: string, cause?: unknown): UserError {
  return new UserError('MODULE_YAML', `${where} is not the YAML that is needed: ${problem}.`, {
    hint: 'Repair the file, or write another one in its place.',
    cause,
  })
}
