import { UserError } from '../../errors.ts'
import { parseReference } from '../../oci/reference.ts'
import type { Path, Problem } from '../finding.ts'
import type { WrittenModule } from '../schema/module-schema.ts'
import { artifactKeyProblems } from './images.ts'
import { problem, type Rule } from './rule.ts'

/** What can be said of modules before their files are read; everything else is said before the first push. */
export const modules: Rule = (context) =>
  Object.entries(context.config.modules ?? {}).flatMap(([name, one]) => {
    const at = (...path: readonly (string | number)[]): Path => ['modules', name, ...path]
    return [
      ...checkManifest(one, at),
      ...checkRegistry(one, at),
      ...checkSource(one, at),
      ...artifactKeyProblems(one.sign ?? [], context, at('sign')),
    ]
  })

type At = (...path: readonly (string | number)[]) => Path

function checkManifest({ manifest }: WrittenModule, at: At): readonly Problem[] {
  if (manifest === undefined) return []
  const { files, kustomize, tool } = manifest
  if (files === undefined && kustomize === undefined) {
    const hint =
      'Add "files" with manifests of the project, or "kustomize" with the folder of a kustomization.'
    return [problem(at('manifest'), 'MODULE_MANIFEST', 'It does not say where the manifest is.', hint)]
  }
  if (files !== undefined && kustomize !== undefined) {
    const hint = 'Keep one of them.'
    return [
      problem(
        at('manifest', 'kustomize'),
        'MODULE_MANIFEST',
        '"files" and "kustomize" exclude each other.',
        hint,
      ),
    ]
  }
  if (tool === undefined || kustomize !== undefined) return []
  return [
    problem(
      at('manifest', 'tool'),
      'MODULE_MANIFEST',
      '"tool" means nothing without "kustomize".',
      'Remove it.',
    ),
  ]
}

function checkRegistry({ registry }: WrittenModule, at: At): readonly Problem[] {
  if (registry === undefined) return []
  try {
    // A host alone is fine: the component's name becomes the path.
    parseReference(registry.includes('/') ? registry : `${registry}/component-descriptors`, 'The registry')
    return []
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return [problem(at('registry'), 'MODULE_REGISTRY', error.message, error.hint ?? '')]
  }
}

function checkSource({ source }: WrittenModule, at: At): readonly Problem[] {
  if (source === undefined || /^https?:\/\/[^\s/]+\/\S+$/.test(source)) return []
  const hint = 'Write the address of the repository, such as https://github.com/example/project.'
  return [problem(at('source'), 'MODULE_SOURCE', 'The source is no address of a repository.', hint)]
}
