import { UserError } from '../../errors.ts'
import { changeImages, type ImageChange } from './images.ts'
import {
  type ManifestObject,
  mapsAt,
  readManifestTree,
  setText,
  textAt,
  writeManifestTree,
} from './manifest-tree.ts'
import {
  clusterKinds,
  type NameReference,
  nameReferences,
  podSpecs,
  selectorPaths,
  templatePaths,
  unprefixedKinds,
} from './name-references.ts'

/** What kustomize's fields of the same names do, for a manifest without a kustomization. */
export interface ManifestChanges {
  readonly images?: readonly ImageChange[] | undefined
  readonly namePrefix?: string | undefined
  readonly namespace?: string | undefined
  readonly labels?: { readonly [name: string]: string } | undefined
  /** Labels of the objects alone, also of their pods, or also of what selects those (kustomize's commonLabels). */
  readonly labelsIn?: 'objects' | 'templates' | 'selectors' | undefined
}

/** A manifest with its changes, and everything else as it was written. An image change that changes nothing is an error. */
export function renderManifest(text: string, where: string, changes: ManifestChanges): string {
  const objects = readManifestTree(text, where)
  if (objects.length === 0) {
    throw new UserError('MODULE_MANIFEST', `The manifest ${where} is empty.`, {
      hint: 'Name the file with the objects that the module installs.',
    })
  }
  const moved = newIdentities(objects, changes)
  for (const [object, identity] of moved) changeReferences(object, moved, changes.namespace, identity)
  changeImages(objects, changes.images ?? [], where)
  addLabels(objects, changes)
  return writeManifestTree(objects)
}

interface Identity {
  readonly name: string
  readonly namespace: string | undefined
}

function newIdentities(
  objects: readonly ManifestObject[],
  { namePrefix = '', namespace }: ManifestChanges,
): ReadonlyMap<ManifestObject, Identity> {
  return new Map(
    objects.map((object) => {
      const isCluster = clusterKinds.has(object.kind)
      const prefixed = unprefixedKinds.has(object.kind) ? object.name : `${namePrefix}${object.name}`
      const name = object.kind === 'Namespace' && namespace !== undefined ? namespace : prefixed
      return [object, { name, namespace: isCluster ? object.namespace : (namespace ?? object.namespace) }]
    }),
  )
}

function changeReferences(
  object: ManifestObject,
  moved: ReadonlyMap<ManifestObject, Identity>,
  namespace: string | undefined,
  { name, namespace: ownNamespace }: Identity,
): void {
  for (const reference of nameReferences) changeReference(object, reference, moved)
  if (namespace !== undefined) setDefaultNamespaces(object, namespace)
  const [metadata] = mapsAt(object.root, 'metadata', true)
  if (metadata === undefined) return
  if (name !== object.name) setText(metadata, 'name', name)
  if (ownNamespace !== undefined && ownNamespace !== object.namespace)
    setText(metadata, 'namespace', ownNamespace)
}

function changeReference(
  object: ManifestObject,
  reference: NameReference,
  moved: ReadonlyMap<ManifestObject, Identity>,
): void {
  const path = pathOf(object, reference)
  if (path === undefined) return
  for (const map of mapsAt(object.root, path)) {
    const name = textAt(map, reference.field)
    const kind = reference.target ?? textAt(map, 'kind')
    const isOther = reference.path === 'subjects[]' && textAt(map, 'kind') !== reference.target
    if (name === undefined || isOther) continue
    const namespace = reference.hasNamespace === true ? textAt(map, 'namespace') : object.namespace
    const found = [...moved].find(
      ([other]) =>
        other.kind === kind &&
        other.name === name &&
        (clusterKinds.has(other.kind) || sameNamespace(other.namespace, namespace)),
    )
    if (found === undefined) continue
    const [, identity] = found
    if (identity.name !== name) setText(map, reference.field, identity.name)
    const target = identity.namespace
    if (reference.hasNamespace === true && target !== undefined && target !== namespace) {
      setText(map, 'namespace', target)
    }
  }
}

const sameNamespace = (a: string | undefined, b: string | undefined): boolean =>
  (a ?? 'default') === (b ?? 'default')

function pathOf({ kind }: ManifestObject, { kinds, path }: NameReference): string | undefined {
  if (kinds !== undefined) return kinds.includes(kind) ? path : undefined
  const pods = podSpecs[kind]
  if (pods === undefined) return undefined
  return path === '' ? pods : `${pods}/${path}`
}

/** What kustomize moves without a target in the manifest. */
function setDefaultNamespaces({ kind, root }: ManifestObject, namespace: string): void {
  if (kind === 'RoleBinding' || kind === 'ClusterRoleBinding') {
    for (const subject of mapsAt(root, 'subjects[]')) {
      const isDefault = textAt(subject, 'kind') === 'ServiceAccount' && textAt(subject, 'name') === 'default'
      if (isDefault) setText(subject, 'namespace', namespace)
    }
  }
  if (kind === 'APIService') {
    for (const service of mapsAt(root, 'spec/service')) setText(service, 'namespace', namespace)
  }
}

function addLabels(
  objects: readonly ManifestObject[],
  { labels, labelsIn = 'objects' }: ManifestChanges,
): void {
  const pairs = Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (pairs.length === 0) return
  for (const { root, kind } of objects) {
    const paths = [
      'metadata/labels',
      ...(labelsIn === 'objects' ? [] : (templatePaths[kind] ?? [])),
      ...(labelsIn === 'selectors' ? [selectorPaths[kind]] : []),
    ]
    for (const path of paths) {
      if (path === undefined) continue
      for (const map of mapsAt(root, path, true)) for (const [name, value] of pairs) setText(map, name, value)
    }
  }
}
