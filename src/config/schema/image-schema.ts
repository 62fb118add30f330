import { z } from 'zod'
import { imageDefaults } from '../defaults.ts'
import { content } from './package-schema.ts'
import { mapOf, text, texts } from './text.ts'

const platform = z
  .string()
  .regex(
    /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9]+)?$/,
    'is no platform: write OS/ARCHITECTURE, or OS/ARCHITECTURE/VARIANT',
  )

const layer = z
  .strictObject({
    contents: z
      .array(content)
      .describe('Files of the project or of sources, as in packages; owners are numbers, or root.'),
    packages: texts('Packages of this file (deb) whose files are unpacked into the layer.'),
  })
  .partial()
  .describe('One layer. What changes rarely comes first, so that it is not pushed again.')

const dockerfile = mapOf(
  {
    file: text('The Dockerfile, in the project.').meta({ default: 'Dockerfile' }),
    context: text('The folder that it is built in.').meta({ default: '.' }),
    tool: z
      .enum(['buildah', 'podman', 'docker'])
      .describe('The program that builds it; it must be installed.'),
    target: text('The stage to build.'),
    arguments: z.record(z.string(), z.string()).describe('Build arguments.'),
    options: texts('More options of the program.').meta({ examples: [['--isolation=chroot']] }),
  },
  ['tool'],
  { description: 'Built by another program from a Dockerfile, instead of base and layers.' },
)

const textMap = (describe: string) => z.record(z.string().min(1, 'is empty'), z.string()).describe(describe)

/** Keys of an image that only a native build has. */
export const nativeImageFields = [
  'base',
  'layers',
  'entrypoint',
  'command',
  'environment',
  'user',
  'workdir',
  'ports',
  'volumes',
  'stopSignal',
  'author',
] as const

export const imageSchema = z
  .strictObject({
    platforms: z
      .array(platform)
      .min(1, 'is empty')
      .meta({
        description: 'What it runs on.',
        default: imageDefaults.platforms,
        examples: [['linux/amd64', 'linux/arm64']],
      }),
    base: text(
      'The image it is built on, with its digest (registry.example.org/base@sha256:…), or "oci:FOLDER[:TAG]", a layout in the project. Without it: nothing (scratch).',
    ),
    layers: z.array(layer).min(1, 'is empty').describe('What is put on the base, from the bottom up.'),
    dockerfile,
    entrypoint: texts('The program that is run, with its first arguments.'),
    command: texts('Arguments, which whoever runs the image may replace.'),
    environment: textMap('Environment variables, added to those of the base.'),
    user: text('Who runs it: a number or a name, with a group after ":".').meta({
      examples: ['65532:65532'],
    }),
    workdir: text('The folder it runs in.'),
    labels: textMap('Labels of the configuration, added to those of the base.'),
    ports: texts('Ports it listens on, such as 8080 or 53/udp.'),
    volumes: texts('Folders whose contents outlive a container.'),
    stopSignal: text('The signal that ends it.').meta({ examples: ['SIGTERM'] }),
    author: text('Who made it.'),
    annotations: textMap(
      'Annotations of the image and of its index. Version, revision, created and base are there already.',
    ),
    compression: z
      .enum(['gzip', 'zstd', 'none'])
      .meta({ description: 'How layers are compressed.', default: imageDefaults.compression }),
    push: texts('Repositories it is pushed to, without a tag.').meta({
      examples: [['ghcr.io/example/app']],
    }),
    tags: texts('Tags it gets in each of them.').min(1, 'is empty').meta({ default: imageDefaults.tags }),
    sign: texts('Keys (of "keys", cosign) that sign it in each repository.'),
    attest: z.boolean().meta({
      description: 'Attaches a bill of materials and the provenance, signed with the keys of "sign".',
      default: imageDefaults.attest,
    }),
  })
  .partial()
  .describe('A container image.')

export type WrittenImage = z.output<typeof imageSchema>

/** Host with port, as references have it. */
export const registryHost = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/,
    'is no registry: write its host, with a port if it has one',
  )

export const registrySchema = z
  .strictObject({
    plainHttp: z.boolean().describe('HTTP without TLS. This machine itself needs no permission for it.'),
    username: text('The account. Without it: what docker, podman or their helpers know.'),
    password: text('Where its password or token is: env:NAME, file:PATH or cmd:COMMAND.'),
    token: text('Where a finished bearer token is, instead of an account.'),
    chunkMiB: z
      .int()
      .min(1)
      .max(1024)
      .describe('Blobs are sent in pieces of so many MiB, for proxies that limit requests.'),
    parallel: z.int().min(1).max(32).describe('Blobs that are sent at the same time.'),
  })
  .partial()
  .describe('How a registry is reached.')

export type WrittenRegistry = z.output<typeof registrySchema>
