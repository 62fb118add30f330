import { z } from 'zod'
import { consumerDefaults } from '../defaults.ts'
import { type ConfigKinds, namesOf } from '../kinds.ts'
import { oneKeyOf } from './one-key-of.ts'
import { duration, mapOf, nameText, packageName, text, texts } from './text.ts'

const filePath = z
  .string()
  .regex(
    /^(?!\/)(?!(?:.*\/)?\.{1,2}(?:\/|$))[^\0]+$/,
    'is no path inside a repository: write it from its top, such as docs/PACKAGES.md',
  )

const filesOf = (describe: string) => z.array(filePath).min(1, 'is empty').describe(describe)

const packagesOf = (describe: string) => z.array(packageName).min(1, 'is empty').describe(describe)

export type WrittenConsumer = z.output<ReturnType<typeof consumerSchema>>
export type WrittenEdit = z.output<ReturnType<typeof editSchema>>
export type WrittenValue = z.output<ReturnType<typeof valueSchema>>

/** A repository that uses the packages. */
export function consumerSchema(kinds: ConfigKinds) {
  return mapOf(
    {
      forge: oneKeyOf(kinds.forges, {}, [], 'Where its repository is.'),
      base: text('The branch that the pull request goes to. Without it: the main branch.'),
      branch: text('The branch that it comes from: one for each version.').meta({
        default: consumerDefaults.branch,
      }),
      title: text('The title of the pull request.').meta({ default: consumerDefaults.title }),
      body: z.string().describe('Its text, as Markdown.'),
      labels: texts('Its labels.'),
      environments: z
        .array(nameText)
        .min(1, 'is empty')
        .describe(
          'Environments whose packages it uses, one after the other in the same pull request: first those of staging, then those of production.',
        ),
      edits: z.array(editSchema(kinds)).min(1, 'is empty').describe('What is changed in it.'),
      watch: filesOf('More files in which drift is looked for: paths or globs.').meta({
        examples: [['docs/**']],
      }),
      tests: z.array(testSchema(kinds)).describe('Jobs that must be green on the pull request.'),
      merge: mergeSchema,
    },
    ['forge', 'edits'],
    {
      description: 'A repository that uses the packages: each version is brought to it by one pull request.',
    },
  )
}

function editSchema(kinds: ConfigKinds) {
  return z
    .strictObject({
      yaml: mapOf(
        {
          file: filePath.describe('The file.'),
          values: z
            .record(z.string().min(1, 'is empty'), valueSchema(kinds))
            .describe('Path of a value, such as a.b[0].c → what it is to be.'),
        },
        ['file', 'values'],
        { description: 'Values of a YAML file; comments, quotes and line ends stay.' },
      ),
      versions: versionsSchema(kinds),
      mentions: mapOf(
        {
          files: filesOf('Paths or globs.'),
          packages: packagesOf('Packages of this file.'),
        },
        ['files', 'packages'],
        { description: 'Packages with a version in texts and commands: NAME-VERSION, NAME=VERSION, tables.' },
      ),
    })
    .partial()
    .describe('One of yaml, versions and mentions.')
}

function versionsSchema(kinds: ConfigKinds) {
  return mapOf(
    {
      files: filesOf('The files: paths, no globs.'),
      packages: packagesOf('Packages of this file; each has to be found.'),
      pattern: text(
        'A regular expression with ${version}, which alone is replaced, ${name} where there are packages, and ${variant} where there are variants.',
      ).meta({ examples: ["'${name}: ${version}'"] }),
      variants: z
        .record(z.string().min(1, 'is empty'), formatIn(kinds))
        .describe(
          'Words for ${variant} → the package format whose version stands there. Each has to be found.',
        ),
      format: formatIn(kinds).describe('The package format whose version stands there, instead of variants.'),
      value: valueSchema(kinds).describe('What ${version} is to be, instead of versions of packages.'),
    },
    ['files', 'pattern'],
    { description: 'Versions in files of any kind, found by a pattern.' },
  )
}

const formatIn = ({ packageFormats }: ConfigKinds) => z.enum(packageFormats as [string, ...string[]]) // z.enum takes any list of texts

function valueSchema(kinds: ConfigKinds) {
  const format = formatIn(kinds)
  return z.union([
    text('A text.'),
    z
      .strictObject({
        package: packageName.describe('A package of this file.'),
        format: format.describe('The package format whose version it is.'),
      })
      .describe('The version of a package.'),
    z
      .strictObject({ repository: format.describe('The package format.') })
      .describe('The address of the repository of this format, in the environment.'),
    z
      .strictObject({ publicKey: format.describe('The package format.') })
      .describe('The address of the public key of that repository.'),
  ])
}

function testSchema(kinds: ConfigKinds) {
  return mapOf(
    {
      name: nameText.describe('Its name.'),
      job: mapOf(
        {
          provider: z
            .enum(namesOf(kinds.jobs) as [string, ...string[]]) // z.enum takes any list of texts
            .describe('The kind of job; docs/jobs.md.'),
          options: z.record(z.string(), z.json()).describe('Options of that kind.'),
        },
        ['provider', 'options'],
        { description: 'The job, as in the step run-job.' },
      ),
      inputs: z.record(z.string(), z.string()).describe('What the run tells the job, by name.'),
      limit: duration('How long one attempt may take.', consumerDefaults.testLimit),
      attempts: z
        .int()
        .min(1)
        .max(10)
        .meta({ description: 'How often it is started at most, when it fails.', default: 1 }),
      artifacts: texts('Files of the job to be kept: paths or globs.'),
    },
    ['name', 'job'],
    { description: 'A job on the head of the pull request.' },
  )
}

const mergeSchema = z
  .strictObject({
    limit: duration('How long the run waits for it.', consumerDefaults.mergeLimit),
    requireApproval: z.boolean().meta({
      description: 'Whether an owner of the files has to have approved what was merged.',
      default: consumerDefaults.requireApproval,
    }),
  })
  .partial()
  .describe('The merge, by people.')
