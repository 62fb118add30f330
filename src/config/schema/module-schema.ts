import { z } from 'zod'
import { moduleDefaults } from '../defaults.ts'
import { mapOf, text, texts } from './text.ts'

const textMap = (describe: string) => z.record(z.string().min(1, 'is empty'), z.string()).describe(describe)

const groupVersionKind = {
  group: text('API group.'),
  version: text('API version.'),
  kind: text('Kind.'),
}

const manifest = z
  .strictObject({
    files: texts('Manifests of the project, one after the other; paths or globs.').min(1, 'is empty'),
    kustomize: text('A folder of the project with a kustomization, instead of files.'),
    tool: z.enum(['kustomize', 'kubectl']).meta({
      description: 'The program that builds the kustomization.',
      default: moduleDefaults.kustomizeTool,
    }),
    images: z
      .array(
        mapOf(
          {
            name: text('The image as it stands in the manifest, without tag and digest.'),
            newName: text('Its new name.'),
            newTag: text('Its new tag.'),
            digest: text('Its digest, instead of a tag.'),
          },
          ['name'],
          { description: 'An image to change.' },
        ),
      )
      .describe('Images that are set in the manifest.'),
    namePrefix: text('Put before the name of every object.'),
    namespace: text('The namespace of every object that is in one.'),
    labels: textMap('Labels of every object.'),
    labelsIn: z
      .enum(['objects', 'templates', 'selectors'])
      .describe('Which labels: those of objects, also those of their pods, or also what selects these.'),
  })
  .partial()
  .describe('What the module installs.')

const template = mapOf(
  {
    file: text('The name of the file, an asset of the release.').meta({ examples: ['template.yaml'] }),
    target: z.enum(['remote', 'control-plane']).meta({
      description: 'Where the module is installed; only version v1beta1 of templates knows it.',
      default: moduleDefaults.target,
    }),
  },
  ['file'],
  { description: 'A ModuleTemplate.' },
)

export const moduleSchema = mapOf(
  {
    profile: z
      .enum(['cli-v2', 'modulectl-1', 'modulectl-2', 'modulectl-3'])
      .describe('The tool whose modules it is like; components and templates changed with each.'),
    component: text('The name of the component.').meta({
      examples: ['kyma-project.io/module/btp-operator'],
    }),
    version: text('The version of the component.').meta({ default: '${version}' }),
    registry: text('Registry and path below which the component is pushed.').meta({
      examples: ['ghcr.io/example/unsigned'],
    }),
    push: z
      .boolean()
      .meta({ description: 'Pushes it; without it, only the files are made.', default: moduleDefaults.push }),
    source: text('Where the source is, as a URL of a git repository.').meta({
      examples: ['https://github.com/kyma-project/btp-manager'],
    }),
    ref: text('What the source was built from.').meta({ default: moduleDefaults.ref }),
    manifest,
    defaultCR: text('The resource that users get when they enable the module; a file of the project.'),
    security: text('The configuration of scanners (sec-scanners-config.yaml); a file of the project.'),
    templates: z
      .array(template)
      .min(1, 'is empty')
      .meta({
        description: 'The templates to write.',
        default: [{ file: 'template.yaml', target: 'remote' }],
      }),
    templateVersion: z.enum(['v1beta1', 'v1beta2']).describe('The version of ModuleTemplate.'),
    identicalTemplates: z
      .enum(['report', 'emit'])
      .describe('Templates that are equal: the first is written and it is said, or all are.'),
    assets: z
      .strictObject({
        manifest: text('Name of the rendered manifest.').meta({ examples: ['btp-manager.yaml'] }),
        defaultCR: text('Name of the default resource.'),
      })
      .partial()
      .describe('More files of the release, besides the templates.'),
    channel: text('The channel (cli-v2, modulectl-1).'),
    resourceName: text('metadata.name of the template.'),
    namespace: text('metadata.namespace of the template.'),
    labels: textMap('Labels of the template.'),
    annotations: textMap('Annotations of the template.'),
    beta: z.boolean().describe('Only for those who asked for beta modules.'),
    internal: z.boolean().describe('Only for ourselves.'),
    mandatory: z.boolean().describe('Installed everywhere.'),
    requiresDowntime: z.boolean().describe('An upgrade interrupts its service.'),
    customStateCheck: z
      .array(
        z.strictObject({
          jsonPath: text('Where in the resource.'),
          value: text('What stands there.'),
          mappedState: text('The state that it means.'),
        }),
      )
      .describe('How the state of the default resource is read (cli-v2).'),
    repository: text('The repository, for people (modulectl).'),
    documentation: text('The documentation, as an https URL (modulectl).'),
    icons: textMap('Icons: name and https URL (modulectl).'),
    links: textMap('Resources of the template: name and https URL (modulectl).'),
    manager: z
      .strictObject({
        ...groupVersionKind,
        name: text('Name.'),
        namespace: text('Namespace.').exactOptional(),
      })
      .describe('The workload that manages the module (modulectl).'),
    associatedResources: z
      .array(z.strictObject(groupVersionKind))
      .describe('What users may make of the module (modulectl).'),
    responsible: z
      .strictObject({ githubHost: text('Host of GitHub.'), team: text('Team.') })
      .describe('Who answers for the component (modulectl-3).'),
    securityScan: z.boolean().describe('Whether scanners look at it (modulectl).'),
    anyManagerVersion: z.boolean().describe("The manager's image need not have the version of the module."),
    imageKinds: z
      .enum(['as modulectl', 'all'])
      .describe('Workloads whose images belong to the component: as modulectl finds them, or all.'),
    sign: texts('Keys (of "keys", cosign) that sign it in the registry.'),
  },
  ['profile', 'component', 'registry', 'source', 'manifest'],
  { description: 'A Kyma module: an OCM component, and the templates by which clusters find it.' },
)

export type WrittenModule = z.output<typeof moduleSchema>
