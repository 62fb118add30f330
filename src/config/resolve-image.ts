import { posix } from 'node:path'
import { UserError } from '../errors.ts'
import { parseReference } from '../oci/reference.ts'
import { imageDefaults } from './defaults.ts'
import type { Problem } from './finding.ts'
import { quote } from './quote.ts'
import { replaceArchitecture } from './references.ts'
import { resolveContents } from './resolve-contents.ts'
import type { Report } from './resolve-variant.ts'
import type { ImageBase, ImagePlatform, ResolvedImage } from './resolved-image.ts'
import type { ResolvedContent } from './resolved-package.ts'
import type { WrittenImage } from './schema/image-schema.ts'

export interface ImageResolution {
  /** What stands when there are no problems. */
  readonly resolved: ResolvedImage
  readonly problems: readonly Problem[]
}

export const platformsOf = (written: WrittenImage): readonly string[] => [
  ...new Set(written.platforms ?? imageDefaults.platforms),
]

export function platformOf(text: string): ImagePlatform {
  const [os = '', architecture = '', variant] = text.split('/')
  return { os, architecture, ...(variant !== undefined && { variant }) }
}

/** An image for one platform, and everything wrong with it. Pure. */
export function resolveImage(
  name: string,
  written: WrittenImage,
  platformText: string,
  sourceNames: readonly string[],
): ImageResolution {
  const platform = platformOf(platformText)
  const problems: Problem[] = []
  const fields = replaceTexts(written, platform.architecture)
  const layers = (fields.layers ?? []).map(({ contents = [], packages = [] }, index) => {
    const report: Report = (path, code, message, hint) => {
      problems.push({ path: ['images', name, 'layers', index, ...path], code, message, hint })
    }
    const resolved = resolveContents({ contents }, sourceNames, report).contents
    for (const [number, one] of resolved.entries()) checkContent(one, number, report)
    return { contents: resolved, packages }
  })
  const resolved: ResolvedImage = {
    platform,
    base: baseOf(name, fields, problems),
    layers,
    entrypoint: fields.entrypoint,
    command: fields.command,
    environment: fields.environment ?? {},
    user: fields.user,
    workdir: fields.workdir,
    labels: fields.labels ?? {},
    ports: fields.ports ?? [],
    volumes: fields.volumes ?? [],
    stopSignal: fields.stopSignal,
    author: fields.author,
  }
  checkRuntime(name, resolved, problems)
  return { resolved, problems }
}

/** Late references in every text, keys excepted. */
export function replaceTexts<Value>(value: Value, architecture: string): Value {
  // Each branch gives back what it was given, with other texts: the type stays.
  if (typeof value === 'string') return replaceArchitecture(value, architecture) as Value
  if (Array.isArray(value)) return value.map((item) => replaceTexts(item, architecture)) as Value
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).map(([key, member]) => [key, replaceTexts(member, architecture)])
  return Object.fromEntries(members) as Value
}

/** Images know numbers of users only: the names are in files of the base. */
export const ownerNumber = (owner: string): number | undefined => {
  if (owner === 'root') return 0
  return /^\d{1,9}$/.test(owner) ? Number(owner) : undefined
}

function checkContent(content: ResolvedContent, index: number, report: Report): void {
  for (const key of ['owner', 'group'] as const) {
    if (ownerNumber(content[key]) !== undefined) continue
    const hint = 'Write its number: an image does not say which name has which.'
    report(['contents', index, key], 'IMAGE_OWNER', `${quote(content[key])} is no number.`, hint)
  }
  if (content.type === 'ghost') {
    const hint = 'Only packages know files that they do not bring. Leave the entry out.'
    report(['contents', index, 'ghost'], 'IMAGE_CONTENT', 'A layer has no ghosts.', hint)
  }
  if (content.type === 'file' && content.role !== 'plain') {
    const hint =
      'Only packages tell configuration and documentation apart. Leave "config", "doc" and "license" out.'
    report(['contents', index], 'IMAGE_CONTENT', `A layer has no ${content.role} files.`, hint)
  }
}

function baseOf(name: string, { base }: WrittenImage, problems: Problem[]): ImageBase | undefined {
  if (base === undefined || base === 'scratch') return undefined
  const say = (code: string, message: string, hint: string): undefined => {
    problems.push({ path: ['images', name, 'base'], code, message, hint })
    return undefined
  }
  const [, folder, tag = 'latest'] = /^oci:([^:]+)(?::([^:]+))?$/.exec(base) ?? []
  if (folder !== undefined) {
    if (!posix.isAbsolute(folder) && posix.normalize(folder).split('/')[0] !== '..')
      return { from: 'layout', folder: posix.normalize(folder), tag }
    return say('IMAGE_BASE', `${quote(folder)} is outside of the project.`, 'Name a folder of the project.')
  }
  try {
    const { digest } = parseReference(base, 'The base')
    if (digest !== undefined) return { from: 'registry', reference: base }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return say('IMAGE_BASE', error.message, error.hint ?? '')
  }
  return say(
    'IMAGE_BASE_UNPINNED',
    `${quote(base)} has no digest, so that it may be another image tomorrow.`,
    `Pin it: skopeo inspect --format '{{.Name}}@{{.Digest}}' docker://${base}`,
  )
}

function checkRuntime(
  name: string,
  { ports, volumes, workdir, environment }: ResolvedImage,
  problems: Problem[],
): void {
  const say = (path: readonly (string | number)[], message: string, hint: string): void => {
    problems.push({ path: ['images', name, ...path], code: 'IMAGE_RUNTIME', message, hint })
  }
  for (const [index, port] of ports.entries()) {
    if (!/^\d{1,5}(?:\/(?:tcp|udp|sctp))?$/.test(port))
      say(
        ['ports', index],
        `${quote(port)} is no port.`,
        'Write a number, with /udp or /sctp when it is not TCP.',
      )
  }
  const absolute = 'Write an absolute path.'
  for (const [index, volume] of volumes.entries()) {
    if (!posix.isAbsolute(volume)) say(['volumes', index], `${quote(volume)} is not absolute.`, absolute)
  }
  if (workdir !== undefined && !posix.isAbsolute(workdir))
    say(['workdir'], `${quote(workdir)} is not absolute.`, absolute)
  for (const variable of Object.keys(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
      say(
        ['environment', variable],
        `${quote(variable)} is no name of a variable.`,
        'Use letters, digits and "_".',
      )
  }
}
