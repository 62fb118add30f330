import { UserError } from '../errors.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import { parseReference } from '../oci/reference.ts'
import type { YamlDocument } from './yaml-text.ts'

/** An image that a manifest names. */
export interface ManifestImage {
  readonly image: string
  /** For people: kind, name and container. */
  readonly where: string
  /** In the value of an environment variable: it looks like an image, and may be something else. */
  readonly isGuess: boolean
}

/** Where pods are described, by kind. modulectl looks into the first two only. */
const podPaths: { readonly [kind: string]: readonly string[] | undefined } = {
  Deployment: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  Pod: ['spec'],
}
const modulectlKinds: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet'])

export type ImageKinds = 'as modulectl' | 'all'

/** In the order of the manifest, each once. */
export function imagesOfManifest(
  documents: readonly YamlDocument[],
  kinds: ImageKinds,
): readonly ManifestImage[] {
  const found = new Map<string, ManifestImage>()
  for (const { value } of documents) {
    const kind = text(value['kind'])
    if (kinds === 'as modulectl' && !modulectlKinds.has(kind)) continue
    const pod = at(value, podPaths[kind])
    if (pod === undefined) continue
    const object = `${kind} ${text(at(value, ['metadata'])?.['name'])}`
    for (const one of imagesOfPod(pod, object)) {
      const before = found.get(one.image)
      if (before === undefined || before.isGuess) found.set(one.image, one)
    }
  }
  return [...found.values()]
}

/** The images of one workload's containers, for comparing them with a version. */
export function workloadImages(
  documents: readonly YamlDocument[],
  kind: string,
  name: string,
): readonly string[] {
  const found = documents.find(
    ({ value }) => value['kind'] === kind && at(value, ['metadata'])?.['name'] === name,
  )
  const pod = found && at(found.value, podPaths[kind])
  if (pod === undefined) return []
  return imagesOfPod(pod, `${kind} ${name}`).flatMap(({ image, isGuess }) => (isGuess ? [] : [image]))
}

function imagesOfPod(pod: JsonObject, object: string): readonly ManifestImage[] {
  const containers = [...objects(pod['initContainers']), ...objects(pod['containers'])]
  return containers.flatMap((container) => {
    const where = `${object}, container ${text(container['name'])}`
    const image = container['image']
    if (typeof image !== 'string' || image === '') {
      throw new UserError('MODULE_MANIFEST', `The ${where} of the manifest has no image.`, {
        hint: 'Render the manifest with its images set.',
      })
    }
    const guesses = objects(container['env'])
      .map((variable) => variable['value'])
      .filter((value): value is string => typeof value === 'string' && looksLikeImage(value))
    return [
      { image, where, isGuess: false },
      ...guesses.map((guess) => ({ image: guess, where, isGuess: true })),
    ]
  })
}

/** modulectl's rule: 3 to 256 characters without blanks that name an image with a tag or digest. */
function looksLikeImage(value: string): boolean {
  if (value.length < 3 || value.length > 256 || /\s/.test(value) || !/[:@]/.test(value)) return false
  try {
    const { tag, digest } = parseReference(value)
    return tag !== undefined || digest !== undefined
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}

export function at(value: JsonObject, path: readonly string[] | undefined): JsonObject | undefined {
  if (path === undefined) return undefined
  let here: Json | undefined = value
  for (const part of path) here = isObject(here) ? here[part] : undefined
  return isObject(here) ? here : undefined
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const objects = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
