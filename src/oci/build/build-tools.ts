import { basename } from 'node:path'
import { platformText } from '../descriptor.ts'
import type { DockerfileBuild } from './dockerfile-build.ts'

/** One program to run; its first argument is the verb that errors name. */
export interface ToolCall {
  readonly arguments: readonly string[]
  readonly variables?: { readonly [name: string]: string }
}

export interface BuildTool {
  readonly program: string
  /** Where to get it, for the error when it is not there. */
  readonly install: string
  /** `name`: what the image is called in the tool's own store, until it is removed. */
  build(build: DockerfileBuild, name: string): ToolCall
  /** From the tool's own store into the layout; undefined when the build has written it. */
  push?(build: DockerfileBuild, name: string): ToolCall
  /** Takes the name away again, and with it the image, unless somebody else gave it another name. */
  remove?(name: string): ToolCall
}

/** The tag in the layout that is only ours. */
const tag = 'built'

const common = ({ file, buildArguments, target, platform, moreOptions, context }: DockerfileBuild) => [
  `--platform=${platformText(platform)}`,
  `--file=${file}`,
  ...Object.entries(buildArguments)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `--build-arg=${name}=${value}`),
  ...(target === undefined ? [] : [`--target=${target}`]),
  ...moreOptions,
  context,
]

/**
 * buildah and podman are one builder. No cache: what an earlier build left would have that build's times in its layers. One
 * layer, since the cache was the reason for several.
 */
const containersTool = (program: string, verb: string): BuildTool => ({
  program,
  install: `Install ${program} (a Debian package of that name), or choose another tool.`,
  build: (build, name) => ({
    arguments: [
      ...[verb, '--no-cache', '--layers=false', '--format=oci', `--tag=${name}`],
      ...[`--timestamp=${build.epoch}`, ...common(build)],
    ],
  }),
  // Relative: a colon in the folder's own path would be read as the beginning of a tag.
  push: ({ layoutFolder }, name) => ({
    arguments: ['push', '--format=oci', name, `oci:${basename(layoutFolder)}:${tag}`],
  }),
  remove: (name) => ({ arguments: ['rmi', name] }),
})

export const buildTools = {
  buildah: containersTool('buildah', 'build'),
  podman: containersTool('podman', 'build'),
  docker: {
    program: 'docker',
    install: 'Install docker with its plugin buildx, or choose another tool.',
    build: (build) => ({
      arguments: [
        ...['buildx', 'build', '--no-cache', '--progress=plain', '--provenance=false', '--sbom=false'],
        `--output=type=oci,tar=false,rewrite-timestamp=true,dest=${basename(build.layoutFolder)}`,
        ...common(build),
      ],
      variables: { SOURCE_DATE_EPOCH: String(build.epoch) },
    }),
  },
} as const satisfies { readonly [name: string]: BuildTool }
