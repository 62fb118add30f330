import { z } from 'zod'
import { pipelineDefaults, releaseDefaults } from '../defaults.ts'
import { type ConfigKinds, keyKinds, namesOf } from '../kinds.ts'
import { consumerSchema } from './consumer-schema.ts'
import { environmentSchema } from './environment-schema.ts'
import { imageSchema, registryHost, registrySchema } from './image-schema.ts'
import { installsSchema } from './installs-schema.ts'
import { moduleSchema } from './module-schema.ts'
import { oneKeyOf } from './one-key-of.ts'
import { buildNumber, packageSchema } from './package-schema.ts'
import { duration, mapOf, nameText, packageName, stepId, text, texts, versionText } from './text.ts'

/** The schema of `hawser.yaml` over the given kinds. References are replaced before it is applied. */
export function configSchema(kinds: ConfigKinds) {
  return mapOf(
    {
      project: nameText.describe('The name of the project; part of runs, leases and file names.'),
      version: versionSchema(kinds).optional(),
      components: z
        .record(nameText, component)
        .optional()
        .describe('Pinned upstream versions, referred to as ${components.NAME.version}.'),
      inputs: z
        .record(nameText, input)
        .optional()
        .describe(
          'What is decided at each release: hawser release --input NAME=VALUE, referred to as ${inputs.NAME}.',
        ),
      sources: z
        .record(nameText, oneKeyOf(kinds.sources, {}, [], 'A pinned place where files come from.'))
        .optional()
        .describe('Where files come from, by name.'),
      keys: z
        .record(nameText, oneKeyOf(keyKinds(kinds), {}, [], 'A key that signs.'))
        .optional()
        .describe('Signing keys, by name. A secret is given as env:NAME, file:PATH or cmd:COMMAND.'),
      packages: z
        .record(packageName, packageSchema(kinds))
        .optional()
        .describe('Packages to build, by name.'),
      repositories: z
        .record(nameText, repositorySchema(kinds))
        .optional()
        .describe('Package repositories, by name.'),
      environments: z
        .record(nameText, environmentSchema)
        .optional()
        .describe(
          'Stages that packages go through, by name. Without it: every release publishes to every repository.',
        ),
      registries: z
        .record(registryHost, registrySchema)
        .optional()
        .describe('Registries of images, by host. Only those that need something said about them.'),
      images: z.record(nameText, imageSchema).optional().describe('Container images to build, by name.'),
      modules: z.record(nameText, moduleSchema).optional().describe('Kyma modules to build, by name.'),
      consumers: z
        .record(nameText, consumerSchema(kinds))
        .optional()
        .describe('Repositories that use the packages, by name.'),
      forge: oneKeyOf(
        kinds.forges,
        {},
        [],
        `Where tags and releases are. Without it: ${kinds.forges[0].name}.`,
      ).optional(),
      release: release.optional(),
      pipeline: pipelineSchema(kinds).optional(),
    },
    ['project'],
    {
      title: 'hawser.yaml',
      description: 'A release, declared: what is built, where it is published, who decides.',
      patternProperties: { '^x-': { description: 'Ignored; a place for YAML anchors.' } },
    },
  )
}

export type WrittenConfig = z.output<ReturnType<typeof configSchema>>
export type WrittenRelease = z.output<typeof release>
export type WrittenPipeline = z.output<ReturnType<typeof pipelineSchema>>
export type WrittenStep = NonNullable<WrittenPipeline['steps']>[number]

/** Keys at the top that begin so are ignored: a place for YAML anchors. */
export const ignoredKey = /^x-/

const component = z
  .strictObject({ version: versionText('The pinned version.') })
  .describe('An upstream part, as a map: { version: 1.5.2 }.')

const input = z
  .strictObject({
    values: z
      .array(z.union([z.string(), z.boolean(), z.number()]))
      .min(1, 'is empty')
      .optional()
      .describe('The values to choose from. Without it: any text.'),
    default: z
      .union([z.string(), z.boolean(), z.number()])
      .optional()
      .describe('What it is when it is not given.'),
    describe: text('What it decides, for people.').optional(),
  })
  .describe('A decision that is made at each release.')

function versionSchema(kinds: ConfigKinds) {
  return z
    .strictObject({
      scheme: z.enum(kinds.versions.schemes).meta({
        description: 'How packages spell the version and the build number.',
        default: kinds.versions.schemes[0],
      }),
      component: text(
        'The component (of "components") whose builds are released: the version of a release is UPSTREAM-BUILD, such as 1.5.2-3, and packages without a version of their own are build 3 of 1.5.2. See docs/versions.md.',
      ).meta({ examples: ['kubernetes'] }),
      build: buildNumber('The build number of all packages: deb revision and rpm release.'),
      epoch: z.int().min(0).max(0x7fffffff).meta({
        description: 'Epoch of all packages: outranks the version. Only to repair a mistake.',
        default: 0,
      }),
    })
    .partial()
    .describe('How the version of the release becomes the versions of packages.')
}

/** The keys of a repository beside its format. */
export const repositoryFields = [
  'storage',
  'keys',
  'acceptedKeys',
  'url',
  'publicKeyFile',
  'packages',
  'distribution',
  'adopt',
  'installs',
] as const

function repositorySchema(kinds: ConfigKinds) {
  return oneKeyOf(
    kinds.repositories,
    {
      storage: oneKeyOf(kinds.storages, {}, [], 'Where the files of the repository are.'),
      keys: texts('Keys (of "keys") that sign it. Two while a key is being replaced.').min(1, 'is empty'),
      acceptedKeys: z
        .array(
          z
            .string()
            .regex(
              /^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/,
              'Write "file:PATH" or "env:NAME", of a public key',
            ),
        )
        .describe(
          'Public keys that do not sign, as file:PATH or env:NAME: one that signed before and was replaced, or one that is to sign next. What they signed is read, and keyring packages carry them.',
        )
        .meta({ examples: [['file:keys/2024.asc']] })
        .optional(),
      url: text('Where clients find it; written into the files that they copy.')
        .meta({ examples: ['https://packages.example.org/apt'] })
        .optional(),
      publicKeyFile: z
        .string()
        .regex(
          /^(?!\.)[A-Za-z0-9._-]+$/,
          'is no file name: use letters, digits, ".", "_" and "-", and do not begin with "."',
        )
        .describe(
          'Another name, at the top of the repository, under which the public key is there too: where clients of an older tool look for it.',
        )
        .meta({ examples: ['public.key'] })
        .optional(),
      packages: texts('Packages to publish in it. Without it: all of its format.').optional(),
      adopt: z
        .boolean()
        .meta({
          description:
            'Takes over a repository that another tool made, although none of these keys signed it. Look at what it holds first.',
          default: false,
        })
        .optional(),
      distribution: text('The distribution whose conventions and overrides its packages follow.')
        .meta({ examples: ['el9'] })
        .optional(),
      installs: installsSchema.optional(),
    },
    ['storage', 'keys'],
    'A package repository: one format, one storage.',
  )
}

const release = z
  .strictObject({
    tag: text('The tag.').meta({ default: releaseDefaults.tag }),
    signTag: text('The key (of "keys") that signs the tag.'),
    sign: text('The key (of "keys") that signs the file of checksums.'),
    commitFrom: text(
      'The step (of "pipeline") whose commit is tagged and released, such as one that awaits a merge. Without it, or when that step is skipped: the commit of the run.',
    ),
    title: text('The title of the release. Without it: the tag.'),
    notes: z
      .union([
        text('The notes, as Markdown.'),
        z.strictObject({ file: text('A file in the project.') }),
        z.strictObject({
          generate: z.literal('forge').describe('Made by the forge, of pull requests and their labels.'),
        }),
      ])
      .describe(
        'The notes: a text, a file, or made by the forge. Without it: made from the commits since the last release.',
      ),
    prerelease: z.union([z.boolean(), z.literal('auto')]).meta({
      description: 'Whether it is a pre-release; auto: when the version is one (1.0.0-rc.1).',
      default: 'auto',
    }),
    checksums: z.union([text('Name of the file.'), z.literal(false)]).meta({
      description: 'Name of the file with the SHA-256 of every asset; false leaves it out.',
      default: releaseDefaults.checksums,
    }),
    assets: texts('More files of the release: paths or globs in the project, or "SOURCE:PATH".'),
  })
  .partial()
  .describe('The release in the forge.')

const retry = z
  .strictObject({
    attempts: z
      .int()
      .min(1)
      .max(100)
      .meta({ description: 'How often it is tried in all.', default: pipelineDefaults.retry.attempts }),
    firstDelay: duration(
      'The wait before the second attempt; it doubles each time.',
      pipelineDefaults.retry.firstDelay,
    ),
    longestDelay: duration('The longest wait.', pipelineDefaults.retry.longestDelay),
  })
  .partial()
  .describe('How transient failures (network, rate limits) are retried. Other failures are not.')

function pipelineSchema(kinds: ConfigKinds) {
  const step = mapOf(
    {
      id: stepId.describe('Its name in the pipeline.'),
      step: z
        .enum(namesOf(kinds.steps) as [string, ...string[]]) // z.enum takes any list of texts
        .optional()
        .describe(
          `The kind of step: ${kinds.steps.map((kind) => `${kind.name} (${kind.describe})`).join('; ')}`,
        ),
      gate: text('A question for a person: the pipeline waits behind it for an approval.').optional(),
      needs: texts('Steps and gates that come before it.').optional(),
      before: texts('Steps of the derived pipeline that wait for it.').optional(),
      when: text(
        'When it runs: "A == B" or "A != B", joined with "&&" or "||". Else it is skipped, with that reason.',
      )
        .meta({ examples: ['${inputs.credentials} == real'] })
        .optional(),
      with: z.record(z.string(), z.json()).optional().describe('Options of the kind of step.'),
      limit: duration(
        `How long it may take in all: ${pipelineDefaults.stepLimit} for a step, ${pipelineDefaults.gateLimit} for a gate when left out.`,
        pipelineDefaults.stepLimit,
      ).optional(),
      retry: retry.optional(),
    },
    ['id'],
    {
      description: 'A step or a gate.',
      oneOf: [{ required: ['step'] }, { required: ['gate'] }],
    },
  )
  return z
    .strictObject({
      extends: z.enum(['default', 'none']).meta({
        description:
          'default: adds to the pipeline that follows from this file, and replaces steps of the same id; none: only these steps.',
        default: 'default',
      }),
      parallel: z
        .int()
        .min(1)
        .max(64)
        .meta({ description: 'How many steps run side by side.', default: pipelineDefaults.parallel }),
      steps: z.array(step).max(1000).describe('Steps and gates.'),
    })
    .partial()
    .describe('Adds to or replaces the pipeline that follows from this file.')
}
