import type { ComponentDescriptor, ComponentResource, Label } from './component-descriptor.ts'
import type { ModuleDeclaration, ModuleInputs } from './module-declaration.ts'
import { writeYaml } from './yaml-text.ts'

interface ConstructorParts {
  readonly descriptor: ComponentDescriptor
  readonly inputs: ModuleInputs
  readonly declaration: ModuleDeclaration
}

/**
 * `component-constructor.yaml` of the OCM command line: the component with files to read in the place of local blobs.
 * Files are named relative to the constructor, so that it means the same on every machine.
 */
export function writeConstructor({ descriptor, inputs, declaration }: ConstructorParts): string {
  const { component } = descriptor
  return writeYaml({
    components: [
      {
        name: component.name,
        version: component.version,
        provider: JSON.parse(component.provider) as unknown,
        labels: plainLabels(component.labels),
        resources: component.resources.map((resource) => constructed(resource, inputs, declaration)),
        sources: component.sources.map(({ name, type, version, labels, access }) => ({
          name,
          type,
          version,
          labels: plainLabels(labels),
          access,
        })),
      },
    ],
  })
}

function constructed(resource: ComponentResource, inputs: ModuleInputs, { templates }: ModuleDeclaration) {
  const { name, type, version, relation, labels, access } = resource
  if (relation === 'external') return { name, type, version, relation, labels: plainLabels(labels), access }
  const file = name === 'raw-manifest' ? inputs.manifest.name : inputs.defaultCr?.name
  const input =
    name === 'moduletemplate'
      ? { type: 'file', path: templates[0]?.fileName }
      : { type: 'dir', path: '.', compress: false, includeFiles: [file] }
  return { name, type, version, relation, input }
}

const plainLabels = (labels: readonly Label[] | undefined): readonly Label[] | undefined =>
  labels === undefined || labels.length === 0 ? undefined : labels
