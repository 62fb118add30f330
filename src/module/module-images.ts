import { UserError } from '../errors.ts'
import { parseReference } from '../oci/reference.ts'
import type { ComponentResource } from './component-descriptor.ts'
import type { ModuleFinding } from './finding.ts'
import { imageResources } from './image-resource.ts'
import { imagesOfManifest, workloadImages } from './manifest-images.ts'
import type { ModuleDeclaration, ModuleInputs } from './module-declaration.ts'
import { moduleProfiles } from './module-profile.ts'
import type { YamlDocument } from './yaml-text.ts'

interface ModuleImages {
  readonly resources: readonly ComponentResource[]
  readonly findings: readonly ModuleFinding[]
}

/** The images that a component names: those of the scanners' configuration, or those of the manifest. */
export function moduleImages(
  declaration: ModuleDeclaration,
  { scan, manifest }: ModuleInputs,
  documents: readonly YamlDocument[],
): ModuleImages {
  const { images } = moduleProfiles[declaration.profile]
  checkManagerVersion(declaration, documents, manifest.name)
  const isLabelled = images.labelled === 'always' || declaration.securityScan === true
  const kind = { type: images.type, accessType: images.accessType, isLabelled }
  if (images.from === 'scan config') {
    return {
      resources: imageResources(scan?.images ?? [], kind, 'The image of the scanner configuration'),
      findings: unscanned(scan?.images, documents, manifest.name),
    }
  }
  const found = imagesOfManifest(documents, declaration.imageKinds ?? 'as modulectl')
  const names = found.map(({ image }) => image)
  return {
    resources: imageResources(names, kind, `The image in ${manifest.name}`),
    findings: [
      ...missed(names, documents, manifest.name),
      ...found.flatMap(({ image, where, isGuess }) =>
        isGuess && !image.includes('/')
          ? [
              {
                code: 'MODULE_IMAGE_GUESSED',
                text: `"${image}" in an environment variable (${where}) was taken for an image, as modulectl does. It may be a host and a port.`,
              },
            ]
          : [],
      ),
    ],
  }
}

function unscanned(
  scanned: readonly string[] | undefined,
  documents: readonly YamlDocument[],
  manifest: string,
): readonly ModuleFinding[] {
  if (scanned === undefined) return []
  return imagesOfManifest(documents, 'all')
    .filter(({ image, isGuess }) => !isGuess && !scanned.includes(image))
    .map(({ image, where }) => ({
      code: 'MODULE_IMAGE_UNSCANNED',
      text: `${where} of ${manifest} runs "${image}", which the scanner configuration does not name.`,
    }))
}

function missed(
  names: readonly string[],
  documents: readonly YamlDocument[],
  manifest: string,
): readonly ModuleFinding[] {
  return imagesOfManifest(documents, 'all')
    .filter(({ image, isGuess }) => !isGuess && !names.includes(image))
    .map(({ image, where }) => ({
      code: 'MODULE_IMAGE_MISSED',
      text: `"${image}" (${where} of ${manifest}) is not in the component: modulectl looks at Deployments and StatefulSets only.`,
    }))
}

/** modulectl: the manager runs the version that the module says it is. */
function checkManagerVersion(
  { manager, version, anyManagerVersion }: ModuleDeclaration,
  documents: readonly YamlDocument[],
  manifest: string,
): void {
  if (manager === undefined || anyManagerVersion === true) return
  const images = workloadImages(documents, manager.kind, manager.name)
  if (images.length === 0) {
    throw new UserError('MODULE_MANAGER', `${manifest} has no ${manager.kind} "${manager.name}".`, {
      hint: 'The manager that the module declares has to be in its manifest.',
    })
  }
  if (images.some((image) => parseReference(image).tag === version)) return
  throw new UserError(
    'MODULE_MANAGER',
    `The ${manager.kind} "${manager.name}" in ${manifest} runs ${images.join(', ')}, and the module's version is ${version}.`,
    { hint: 'Set the image of this release in the manifest, or allow any version of the manager.' },
  )
}
