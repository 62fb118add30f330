import { UserError } from '../../../errors.ts'
import { contentTags } from '../content.ts'
import { encodeMainHeader, type TagValues } from '../encode-header.ts'
import { fieldTags } from '../fields.ts'
import type { TagRecord } from '../header-values.ts'
import { buildHost, formatVersion, type PayloadFacts, payloadTags } from '../main-header.ts'
import { scriptletSlots } from '../scriptlets.ts'
import { type HeaderTag, headerTags } from '../tags.ts'
import { dependencyTagNames, type JoinedSources, joinedDependencies } from './joined-dependencies.ts'
import { joinedScripts } from './joined-scripts.ts'
import { type Original, originalName } from './original.ts'

/** The main header of the new package: what is said anew, what is joined, and everything else as the originals have it. */
export function repackagedHeader({
  payload,
  ...sources
}: JoinedSources & { readonly payload: PayloadFacts }): Uint8Array {
  const { originals, changes, compression, epoch, records } = sources
  const values = {
    ...identityTags(sources),
    buildTime: [epoch],
    ...payloadTags({ compression }, payload),
    ...contentTags(records, { epoch, colors: payload.colors }),
    ...joinedDependencies(sources),
    ...joinedScripts(originals),
    ...fieldTags(changes.fields),
  }
  return encodeMainHeader(values, keptRecords(originals, new Set(Object.keys(values))))
}

function identityTags({ originals, changes, identity }: JoinedSources): TagValues<HeaderTag> {
  const { epoch, name, version, release, architecture } = identity
  const kept = (tag: HeaderTag): string | undefined => originals[0]?.rpm.header.text(tag)
  return {
    // Translations would go with the words of others.
    headerI18nTable: ['C'],
    name,
    version,
    release,
    epoch: epoch === 0 ? undefined : [epoch],
    summary: changes.summary ?? kept('summary'),
    description: changes.description ?? kept('description'),
    buildHost,
    vendor: changes.vendor ?? kept('vendor'),
    license: changes.license ?? kept('license'),
    packager: changes.maintainer ?? kept('packager'),
    group: changes.section ?? kept('group'),
    url: changes.homepage ?? kept('url'),
    arch: architecture,
    platform: `${architecture}-linux`,
    rpmVersion: formatVersion,
    encoding: 'utf-8',
  }
}

const fileTags = [
  'size',
  'longSize',
  'fileSizes',
  'longFileSizes',
  'fileModes',
  'fileRdevs',
  'fileMtimes',
  'fileDigests',
  'fileDigestAlgo',
  'fileLinkTos',
  'fileFlags',
  'fileUserName',
  'fileGroupName',
  'fileVerifyFlags',
  'fileDevices',
  'fileInodes',
  'fileLangs',
  'fileColors',
  'fileCapabilities',
  'dirIndexes',
  'baseNames',
  'dirNames',
] as const satisfies readonly HeaderTag[]

/** Written anew, or not at all where there is nothing to write. */
const rewritten: ReadonlySet<number> = new Set(
  [
    'headerImmutable' as const,
    'epoch' as const,
    'payloadCompressor' as const,
    ...fileTags,
    ...dependencyTagNames,
    ...Object.values(scriptletSlots).flatMap(({ script, program }) => [script, program]),
  ].map((name) => headerTags[name].number),
)

/**
 * True of the old file only, by number where Hawser has no name for it: sizes and digests of its payload, what rpmbuild
 * found out about its files (classes, dependencies, types), signatures over single files, and the form of the file.
 */
const ofOldFile: ReadonlySet<number> = new Set([
  1046, 1094, 1141, 1142, 1143, 1144, 1145, 5090, 5091, 5112, 5113, 5114, 5115, 5116, 5117, 5118, 5119, 5121,
  5122, 5123, 5124, 5276, 5277,
])

/** Words about one package: the first one's stand for all. Everything else does something, and may not be lost. */
const words: ReadonlySet<number> = new Set([
  ...(
    [
      'distribution',
      'os',
      'sourceRpm',
      'changelogTime',
      'changelogName',
      'changelogText',
      'distUrl',
      'distTag',
      'bugUrl',
      'vcs',
      'modularityLabel',
    ] as const
  ).map((name) => headerTags[name].number),
  1013, // copyright, an old word for the licence
  1122, // options of the compiler
  1146, // number of the source package
  5120, // name of the source package
])

function keptRecords(originals: readonly Original[], names: ReadonlySet<string>): readonly TagRecord[] {
  const written = new Set([...names].map((name) => headerTags[name as HeaderTag].number)) // keys of a TagValues
  const kept = new Map<number, { readonly record: TagRecord; readonly from: Original }>()
  for (const original of originals) {
    const { header } = original.rpm
    for (const number of header.tags) {
      if (written.has(number) || rewritten.has(number) || ofOldFile.has(number)) continue
      const record = header.record(number)
      const earlier = kept.get(number)
      if (record === undefined || (earlier !== undefined && words.has(number))) continue
      if (earlier === undefined) kept.set(number, { record, from: original })
      else if (!isSame(earlier.record, record)) throw cannotJoin(number, earlier.from, original)
    }
  }
  return [...kept.values()].map(({ record }) => record)
}

const isSame = (a: TagRecord, b: TagRecord): boolean =>
  a.type === b.type && Buffer.compare(a.data, b.data) === 0

const triggerNumbers = (number: number): boolean =>
  (number >= 1065 && number <= 1069) || number === 1092 || (number >= 5066 && number <= 5086)

function cannotJoin(number: number, first: Original, second: Original): UserError {
  const what = triggerNumbers(number) ? 'triggers' : `the tag ${number} of their headers`
  return new UserError(
    'REPACKAGE_TAGS',
    `${originalName(first)} and ${originalName(second)} cannot be joined: both have ${what}, and not the same.`,
    { hint: 'Make two packages of them, and let one depend on the other.' },
  )
}
