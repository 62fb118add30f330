import { isMap, isSeq, type YAMLMap } from 'yaml'
import { UserError } from '../../errors.ts'
import { parseReference } from '../../oci/reference.ts'
import { everyMap, type ManifestObject, setText, textAt } from './manifest-tree.ts'

/** kustomize's `images`: which image becomes which. */
export interface ImageChange {
  /** As it stands in the manifest, without tag and digest. */
  readonly name: string
  readonly newName?: string | undefined
  readonly newTag?: string | undefined
  readonly digest?: string | undefined
}

/** In every list of containers, in objects of any kind but definitions. */
export function changeImages(
  objects: readonly ManifestObject[],
  changes: readonly ImageChange[],
  where: string,
): void {
  const containers = objects
    .filter(({ kind }) => kind !== 'CustomResourceDefinition')
    .flatMap(({ root }) => containersOf(root))
  for (const change of changes) {
    const images = containers.filter(
      (container) => nameOf(textAt(container, 'image') ?? '').name === change.name,
    )
    if (images.length === 0) throw unusedError(change, containers, where)
    for (const container of images)
      setText(container, 'image', changedImage(textAt(container, 'image') ?? '', change))
  }
}

function containersOf(root: YAMLMap): readonly YAMLMap[] {
  return everyMap(root).flatMap((map) =>
    ['initContainers', 'containers'].flatMap((key) => {
      const list = map.get(key, true)
      return isSeq(list) ? list.items.filter((item): item is YAMLMap => isMap(item)) : []
    }),
  )
}

/** With its new name, tag or digest; what the change does not say stays. */
export function changedImage(image: string, { newName, newTag, digest }: ImageChange): string {
  const { name, rest } = nameOf(image)
  const version = [
    ...(newTag === undefined ? [] : [`:${newTag}`]),
    ...(digest === undefined ? [] : [`@${digest}`]),
  ].join('')
  const result = `${newName ?? name}${version === '' ? rest : version}`
  parseReference(result, 'The new image')
  return result
}

/** The port of a registry is before the last slash, and no tag. */
export function nameOf(image: string): { readonly name: string; readonly rest: string } {
  const at = image.indexOf('@')
  const named = at < 0 ? image : image.slice(0, at)
  const colon = named.lastIndexOf(':')
  const end = colon > named.lastIndexOf('/') ? colon : named.length
  return { name: image.slice(0, end), rest: image.slice(end) }
}

function unusedError({ name }: ImageChange, containers: readonly YAMLMap[], where: string): UserError {
  const known = [...new Set(containers.map((container) => nameOf(textAt(container, 'image') ?? '').name))]
  return new UserError(
    'MODULE_IMAGE',
    `No container of ${where} has the image "${name}", which is to be set.`,
    {
      hint: `Its images are: ${known.toSorted().join(', ') || 'none'}.`,
    },
  )
}
