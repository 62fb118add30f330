import { type Document, isMap, isScalar, isSeq, parseAllDocuments, Scalar, visit, YAMLMap } from 'yaml'
import { readYamlDocuments } from '../yaml-text.ts'
import { expandAliases } from './expand-aliases.ts'

/** An object of a manifest as it was written: what is not changed keeps its comments, quotes and numbers. */
export interface ManifestObject {
  readonly document: Document.Parsed
  readonly root: YAMLMap
  readonly kind: string
  /** As written; `name` is changed only through `setText`. */
  readonly name: string
  readonly namespace: string | undefined
  readonly group: string
}

/** In failsafe mode every scalar is text, so that 0755 stays 0755 and "yes" stays in quotes. */
export function readManifestTree(text: string, where: string): readonly ManifestObject[] {
  // Faults are found by the strict reader, which also knows what Kubernetes takes.
  readYamlDocuments(text, where)
  const documents = parseAllDocuments(text, { schema: 'failsafe' })
  if (!Array.isArray(documents)) return []
  return documents.flatMap((document) => {
    expandAliases(document)
    fillAbsentValues(document)
    const root: unknown = document.contents
    if (!isMap(root)) return []
    const metadata = root.get('metadata')
    const map = isMap(metadata) ? metadata : new YAMLMap()
    const apiVersion = textAt(root, 'apiVersion') ?? ''
    return [
      {
        document,
        root,
        kind: textAt(root, 'kind') ?? '',
        name: textAt(map, 'name') ?? '',
        namespace: textAt(map, 'namespace'),
        group: apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '',
      },
    ]
  })
}

/** `? name` without a value is one with an empty value, which can be written. */
function fillAbsentValues(document: Document.Parsed): void {
  visit(document, {
    Pair: (_key, pair) => {
      if (pair.value !== null) return
      const empty = new Scalar('')
      empty.type = Scalar.PLAIN
      pair.value = empty
    },
  })
}

export const writeManifestTree = (objects: readonly ManifestObject[]): string =>
  objects.map(({ document }) => withoutMarkers(document.toString({ lineWidth: 0 }))).join('---\n')

const withoutMarkers = (text: string): string =>
  `${text
    .replace(/^---\n/, '')
    .replace(/\n\.\.\.\n$/, '\n')
    .trimEnd()}\n`

export function textAt(map: YAMLMap, key: string): string | undefined {
  const value = map.get(key)
  return typeof value === 'string' ? value : undefined
}

/** Quoted where another reader could take it for a number, a truth value or a comment. */
export function setText(map: YAMLMap, key: string, value: string): void {
  const node = map.get(key, true)
  const scalar = isScalar(node) ? node : new Scalar(value)
  scalar.value = value
  quoteWhereNeeded(scalar, value)
  if (scalar === node) return
  const name = new Scalar(key)
  quoteWhereNeeded(name, key)
  map.set(name, scalar)
}

function quoteWhereNeeded(scalar: Scalar, text: string): void {
  const isUnquoted = scalar.type === undefined || scalar.type === Scalar.PLAIN
  if (isUnquoted && !isPlain(text)) scalar.type = Scalar.QUOTE_DOUBLE
}

const isPlain = (value: string): boolean =>
  (/^[A-Za-z][\w./:@-]*$/.test(value) || /^\d+\.\d+\.\d+[\w.+-]*$/.test(value)) &&
  !value.endsWith(':') &&
  !/^(?:y|n|yes|no|true|false|on|off|null)$/i.test(value)

/** The mappings at a path such as `spec/template/spec/containers[]`; `create` makes mappings that are not there. */
export function mapsAt(root: YAMLMap, path: string, create = false): readonly YAMLMap[] {
  let here: readonly YAMLMap[] = [root]
  for (const part of path === '' ? [] : path.split('/'))
    here = here.flatMap((map) => below(map, part, create))
  return here
}

function below(map: YAMLMap, part: string, create: boolean): readonly YAMLMap[] {
  const isList = part.endsWith('[]')
  const key = isList ? part.slice(0, -2) : part
  const value = map.get(key, true)
  if (isList) return isSeq(value) ? value.items.filter((item): item is YAMLMap => isMap(item)) : []
  if (isMap(value)) return [value]
  if (!create || (value !== undefined && !isEmpty(value))) return []
  const made = new YAMLMap()
  map.set(isScalar(value) ? key : new Scalar(key), made)
  return [made]
}

const isEmpty = (node: unknown): boolean => isScalar(node) && (node.value === '' || node.value === null)

/** Every mapping below one, itself included. */
export function everyMap(node: unknown): readonly YAMLMap[] {
  if (isSeq(node)) return node.items.flatMap((item) => everyMap(item))
  if (!isMap(node)) return []
  return [node, ...node.items.flatMap(({ value }) => everyMap(value))]
}
