import { posix } from 'node:path'
import { unitFolder } from '../packages/systemd-unit.ts'
import type { FilePattern } from './config.ts'
import { packageDefaults } from './defaults.ts'
import { isGlob } from './merge-variant.ts'
import { nameHint } from './name-hint.ts'
import { quote } from './quote.ts'
import type { Report } from './resolve-variant.ts'
import type { ResolvedContent, ResolvedPackage, ResolvedUnit } from './resolved-package.ts'
import type { WrittenContent, WrittenVariant } from './schema/package-schema.ts'
import { modeOf } from './schema/text.ts'

type At = (key: keyof WrittenContent | undefined, code: string, message: string, hint: string) => void

/** Contents and units of a variant; two entries for one place are found across both. */
export function resolveContents(
  fields: WrittenVariant,
  sourceNames: readonly string[],
  report: Report,
): Pick<ResolvedPackage, 'contents' | 'systemd'> {
  const contents: ResolvedContent[] = []
  const targets = new Map<string, string>()
  for (const [index, written] of (fields.contents ?? []).entries()) {
    const at: At = (key, code, message, hint) => {
      report(key === undefined ? ['contents', index] : ['contents', index, key], code, message, hint)
    }
    const entry = entryOf(written, sourceNames, at)
    if (entry === undefined) continue
    noteTarget(targetOf(entry), `contents[${index}]`, targets, (...words) => at(undefined, ...words))
    contents.push(entry)
  }
  const systemd = (fields.systemd ?? []).flatMap((written, index) => {
    // What is missing has been reported with the schema.
    if (written.unit === undefined) return []
    const say: Say = (...words) => report(['systemd', index, 'unit'], ...words)
    const resolved = unitOf(written, filePatternOf(written.unit, sourceNames, say), say)
    noteTarget(`${unitFolder}/${resolved.unit}`, `systemd[${index}]`, targets, say)
    return [resolved]
  })
  return { contents, systemd }
}

function entryOf(
  written: WrittenContent,
  sourceNames: readonly string[],
  at: At,
): ResolvedContent | undefined {
  const kinds = (['to', 'directory', 'symlink', 'ghost'] as const).filter((key) => written[key] !== undefined)
  const [kind, second] = kinds
  if (kind === undefined) {
    const hint = 'An entry has "from" and "to", or "directory", or "symlink" and "target", or "ghost".'
    if (written.from === undefined) at(undefined, 'CONTENT_KIND', 'This entry does not say what it is.', hint)
    else
      at(
        undefined,
        'CONFIG_MISSING',
        '"to" is missing.',
        'Say where the file is installed: to: /usr/bin/hello.',
      )
    return undefined
  }
  if (second !== undefined) {
    at(second, 'CONTENT_KIND', `"${kind}" and "${second}" are two kinds of entry.`, 'Make two entries of it.')
    return undefined
  }
  refuseForeign(kind, written, at)
  const path = targetPath(written[kind] ?? '', kind, at)
  const owned = {
    owner: written.owner ?? packageDefaults.owner,
    group: written.group ?? packageDefaults.group,
  }
  if (kind === 'to') return fileOf(written, path, owned, sourceNames, at)
  if (kind === 'symlink') return linkOf(written, path, owned, at)
  const usual = kind === 'directory' ? 0o755 : 0o644
  return { type: kind, path, mode: written.mode === undefined ? usual : modeOf(written.mode), ...owned }
}

/** Which keys an entry of each kind may have. */
const keysOf = {
  to: ['to', 'from', 'mode', 'owner', 'group', 'config', 'doc', 'license'],
  directory: ['directory', 'mode', 'owner', 'group'],
  symlink: ['symlink', 'target', 'owner', 'group'],
  ghost: ['ghost', 'mode', 'owner', 'group'],
} as const satisfies { readonly [kind: string]: readonly (keyof WrittenContent)[] }

function refuseForeign(kind: keyof typeof keysOf, written: WrittenContent, at: At): void {
  const allowed: readonly string[] = keysOf[kind]
  for (const key of Object.keys(written) as (keyof WrittenContent)[]) {
    // a WrittenContent has only these keys
    if (written[key] === undefined || allowed.includes(key)) continue
    const what = kind === 'to' ? 'a file' : `a ${kind}`
    at(key, 'CONTENT_KEY', `"${key}" means nothing for ${what}.`, `Such an entry has ${allowed.join(', ')}.`)
  }
}

type Owned = { readonly owner: string; readonly group: string }

function fileOf(
  written: WrittenContent,
  to: string,
  owned: Owned,
  sourceNames: readonly string[],
  at: At,
): ResolvedContent | undefined {
  if (written.from === undefined) {
    at(
      undefined,
      'CONFIG_MISSING',
      '"from" is missing.',
      'Say where the bytes are: a path in the project, or "SOURCE:PATH".',
    )
    return undefined
  }
  if (isGlob(written.from) && !to.endsWith('/')) {
    at(
      'to',
      'CONTENT_TARGET',
      `${quote(written.from)} may match several files, and ${quote(to)} is one.`,
      'End the target in "/" to make it a folder.',
    )
  }
  const roles = (['config', 'doc', 'license'] as const).filter(
    (key) => written[key] !== undefined && written[key] !== false,
  )
  if (roles.length > 1) {
    at(roles[1], 'CONTENT_ROLE', `"${roles.join('" and "')}" exclude each other.`, 'Keep one of them.')
  }
  return {
    type: 'file',
    from: filePatternOf(written.from, sourceNames, (...words) => at('from', ...words)),
    to,
    role: roleOf(written),
    mode: written.mode === undefined ? undefined : modeOf(written.mode),
    ...owned,
  }
}

function roleOf({
  config,
  doc,
  license,
}: WrittenContent): Extract<ResolvedContent, { type: 'file' }>['role'] {
  if (config === true) return 'config'
  if (config === 'noreplace' || config === 'missingok') return `config-${config}`
  if (license === true) return 'license'
  return doc === true ? 'doc' : 'plain'
}

function linkOf({ target }: WrittenContent, path: string, owned: Owned, at: At): ResolvedContent | undefined {
  if (target !== undefined) return { type: 'symlink', path, target, ...owned }
  at(undefined, 'CONFIG_MISSING', '"target" is missing.', 'Say what the link points to.')
  return undefined
}

function targetPath(path: string, kind: keyof typeof keysOf, at: At): string {
  const clean = posix.normalize(path)
  if (!path.startsWith('/')) {
    at(
      kind,
      'CONTENT_TARGET',
      `${quote(path)} is not absolute.`,
      `Write where it is in the installed system: /${clean}.`,
    )
  } else if (path.split('/').some((part) => part === '..' || part === '.')) {
    at(kind, 'CONTENT_TARGET', `${quote(path)} contains "." or "..".`, `Write ${clean}.`)
  } else if (clean === '/' && kind !== 'to') {
    at(
      kind,
      'CONTENT_TARGET',
      'The root folder cannot belong to a package.',
      'Name a folder or file below it.',
    )
  } else if (kind !== 'to' && kind !== 'directory' && path.endsWith('/')) {
    at(kind, 'CONTENT_TARGET', `${quote(path)} ends in "/".`, `Write ${path.replace(/\/+$/, '')}.`)
  }
  if (/\p{Cc}/u.test(path)) {
    at(
      kind,
      'CONTENT_TARGET',
      `${quote(path)} contains a control character.`,
      'Installed paths are printable text.',
    )
  }
  return path.endsWith('/') && kind !== 'to' ? clean.replace(/(.)\/$/, '$1') : clean
}

/** Where an entry is installed; undefined for globs, which are known only when the package is built. */
function targetOf(entry: ResolvedContent): string | undefined {
  if (entry.type !== 'file') return entry.path
  if (!entry.to.endsWith('/')) return entry.to
  return isGlob(entry.from.pattern) ? undefined : `${entry.to}${posix.basename(entry.from.pattern)}`
}

function noteTarget(target: string | undefined, place: string, targets: Map<string, string>, say: Say): void {
  if (target === undefined) return
  const earlier = targets.get(target)
  if (earlier === undefined) targets.set(target, place)
  else
    say(
      'CONTENT_DUPLICATE',
      `"${target}" is the target of ${earlier} too.`,
      'Each path is installed by one entry.',
    )
}

function unitOf(
  written: NonNullable<WrittenVariant['systemd']>[number],
  from: FilePattern,
  say: Say,
): ResolvedUnit {
  const { systemd } = packageDefaults
  const unit = posix.basename(from.pattern)
  if (!/\.(service|socket|timer|path|target|mount|automount|swap|slice)$/.test(unit)) {
    const hint = 'It ends in .service, .socket, .timer, .path, .target or another type of unit.'
    say('SYSTEMD_UNIT', `${quote(written.unit)} is not the name of a unit file.`, hint)
  }
  return {
    unit,
    from,
    enable: written.enable ?? systemd.enable,
    start: written.start ?? systemd.start,
    restartAfterUpgrade: written.restartAfterUpgrade ?? systemd.restartAfterUpgrade,
  }
}

type Say = (code: string, message: string, hint: string) => void

/** `SOURCE:PATH` names a source of the file; anything else is a path of the project, and stays in it. */
export function filePatternOf(written: string, sourceNames: readonly string[], say: Say): FilePattern {
  const [, source, pattern = ''] = /^([A-Za-z0-9][A-Za-z0-9._-]*):(.*)$/s.exec(written) ?? []
  if (source === undefined) {
    if (posix.isAbsolute(written) || posix.normalize(written).split('/')[0] === '..') {
      const hint = 'Only files of the project and of declared sources can be used.'
      say('CONTENT_OUTSIDE', `${quote(written)} is outside of the project.`, hint)
    }
    return { source: undefined, pattern: written }
  }
  if (!sourceNames.includes(source)) {
    const hint = `${nameHint(source, sourceNames, 'sources')} A file of the project is written "./${written}".`
    say('CONFIG_UNKNOWN_NAME', `There is no source "${source}".`, hint)
  } else if (pattern === '') {
    say(
      'CONTENT_SOURCE',
      `${quote(written)} names nothing in the source.`,
      'Write a path or a glob after the colon: "**" for all.',
    )
  }
  return { source, pattern }
}
