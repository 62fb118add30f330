import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../../errors.ts'
import { codeOf, fileSystemError, makeFolder } from '../../lib/atomic-file.ts'
import { type Environment, runChild } from '../../lib/child.ts'
import { digestOf } from '../../lib/digest.ts'
import { imageFor } from '../copy.ts'
import {
  type Descriptor,
  type ImageConfig,
  type Platform,
  platformText,
  type RawManifest,
} from '../descriptor.ts'
import { readConfig } from '../image-config.ts'
import { mediaTypes } from '../media-types.ts'
import type { OciStore } from '../oci-store.ts'
import { readManifest } from '../read-manifest.ts'
import { type BuildTool, buildTools, type ToolCall } from './build-tools.ts'
import { toolEnvironment, toolFailure } from './tool-failure.ts'

export type DockerfileTool = keyof typeof buildTools

/** A Dockerfile, and everything that decides what comes out of it. */
export interface DockerfileBuild {
  readonly tool: DockerfileTool
  /** Absolute paths. */
  readonly file: string
  readonly context: string
  readonly buildArguments: { readonly [name: string]: string }
  /** The stage to build; the last one when not given. */
  readonly target?: string | undefined
  readonly platform: Platform
  /** Seconds since 1970: the time of the image and of the files in its layers. */
  readonly epoch: number
  /** Further options of the tool, as people wrote them, for example `--isolation=chroot`. */
  readonly moreOptions: readonly string[]
  /** Where the layout is written; it must not exist. */
  readonly layoutFolder: string
}

export interface DockerfileBuildOptions {
  readonly openLayout: (folder: string) => OciStore
  readonly environment: Environment
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number
  /** What the tool printed, when it is done. */
  log?(text: string): void
}

export interface DockerfileImage {
  readonly manifest: RawManifest
  readonly layers: readonly Descriptor[]
  readonly config: ImageConfig
  /** As the tool calls itself, with its version: the bytes are promised for the same one only. */
  readonly builder: string
}

const usualTimeoutMs = 60 * 60_000
const outputBytesMax = 64 << 20

/**
 * Builds with a tool of the user's and reads the image back from a layout, checked. Nothing stays in the tool's own
 * store. Throws a UserError when the tool is absent, fails, or makes something else than what was asked for.
 */
export async function buildFromDockerfile(
  build: DockerfileBuild,
  options: DockerfileBuildOptions,
): Promise<DockerfileImage> {
  if (await exists(build.layoutFolder)) throw existsError(build.layoutFolder)
  await makeFolder(dirname(build.layoutFolder))
  const tool: BuildTool = buildTools[build.tool]
  const run = (call: ToolCall): Promise<string> => runTool(tool, call, dirname(build.layoutFolder), options)
  const builder = (await run({ arguments: ['--version'] })).trim()
  // Random, and never written anywhere: two builds at once must not take each other's image away.
  const name = `localhost/hawser-build:${randomBytes(16).toString('hex')}`
  const printed = await run(tool.build(build, name))
  options.log?.(printed)
  try {
    if (tool.push !== undefined) await run(tool.push(build, name))
  } finally {
    if (tool.remove !== undefined) await run(tool.remove(name))
  }
  return { ...(await readBack(build, options)), builder }
}

async function runTool(
  { program, install }: BuildTool,
  call: ToolCall,
  cwd: string,
  { environment, signal, timeoutMs = usualTimeoutMs }: DockerfileBuildOptions,
): Promise<string> {
  const { end, stdout, stderr } = await runChild(program, call.arguments, {
    cwd,
    environment: { ...toolEnvironment(environment), ...call.variables },
    timeoutMs,
    outputBytesMax,
    ...(signal !== undefined && { signal }),
  })
  if (end.kind === 'exit' && end.code === 0) return `${stdout}${stderr}`
  throw toolFailure(`${program} ${call.arguments[0]}`, end, stderr || String(stdout), install)
}

async function readBack(
  { tool, layoutFolder, platform }: DockerfileBuild,
  { openLayout, signal }: DockerfileBuildOptions,
): Promise<Omit<DockerfileImage, 'builder'>> {
  const where = `the image that ${tool} built`
  const layout = openLayout(layoutFolder)
  const root = await layout.manifest((await onlyEntry(layoutFolder, tool)).digest, { signal })
  if (root === undefined) throw layoutError(tool, 'does not hold the image that its index names')
  const manifest = await imageFor(layout, root, platform, signal)
  const parsed = readManifest(manifest, where)
  if (parsed.kind !== 'manifest') throw new Error('The image for a platform is a manifest')
  const config = await readConfig(layout, parsed.manifest, where, signal)
  if (config.os !== platform.os || config.architecture !== platform.architecture) {
    throw new UserError(
      'IMAGE_BUILD_PLATFORM',
      `${tool} built an image for ${platformText(config)}, where ${platformText(platform)} was asked for.`,
      { hint: 'The base may be pinned to a digest of one platform. Pin the digest of its index instead.' },
    )
  }
  return { manifest, config, layers: parsed.manifest.layers }
}

async function onlyEntry(layoutFolder: string, tool: DockerfileTool): Promise<Descriptor> {
  const path = join(layoutFolder, 'index.json')
  const bytes = await readFile(path).catch((error: unknown) => {
    throw codeOf(error) === 'ENOENT'
      ? layoutError(tool, 'has no index.json')
      : fileSystemError(error, 'read', path)
  })
  const parsed = readManifest({ bytes, digest: digestOf(bytes), mediaType: mediaTypes.index }, path)
  const entries = parsed.kind === 'index' ? parsed.index.manifests : []
  const [entry] = entries
  if (entry === undefined || entries.length > 1) throw layoutError(tool, `names ${entries.length} images`)
  return entry
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw fileSystemError(error, 'read', path)
  }
}

const layoutError = (tool: DockerfileTool, what: string): UserError =>
  new UserError('IMAGE_BUILD_LAYOUT', `The layout that ${tool} wrote ${what}.`, {
    hint: 'Check the version of the tool: docker needs buildx 0.12 or newer with BuildKit 0.13 or newer.',
  })

const existsError = (folder: string): UserError =>
  new UserError('IMAGE_BUILD_LAYOUT', `There is something at ${folder}, where the image is to be written.`, {
    hint: 'Remove it, if nothing else needs it.',
  })
