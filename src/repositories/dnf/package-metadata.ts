import { hexOf } from '../../lib/digest.ts'
import type { RpmFileEntry } from '../../packages/rpm/file-list.ts'
import { fileFlags, fileTypes } from '../../packages/rpm/file-list.ts'
import type { RpmChangelogEntry, RpmFile } from '../../packages/rpm/read.ts'
import { isPrimaryFile, renderDependencies } from './dependencies.ts'
import { xmlAttributes, xmlElement } from './xml-escape.ts'

/** One package's part of each index, in createrepo_c's order and layout. */
export interface PackageFragments {
  readonly primary: string
  readonly filelists: string
  readonly other: string
}

export interface PackageIdentity {
  readonly name: string
  readonly epoch: number
  readonly version: string
  readonly release: string
  readonly arch: string
}

export function identityOf({ header, isSource }: RpmFile): PackageIdentity {
  return {
    name: header.text('name') ?? '',
    epoch: header.number('epoch') ?? 0,
    version: header.text('version') ?? '',
    release: header.text('release') ?? '',
    arch: isSource ? 'src' : (header.text('arch') ?? ''),
  }
}

export function renderPackage(rpm: RpmFile, path: string): PackageFragments {
  const { name, epoch, version, release, arch } = identityOf(rpm)
  const versionElement = xmlElement('version', undefined, { epoch, ver: version, rel: release })
  const start = `<package${xmlAttributes({ pkgid: hexOf(rpm.digest), name, arch })}>\n  ${versionElement}\n`
  return {
    primary: renderPrimary(rpm, path, versionElement),
    filelists: `${start}${renderFiles(rpm.files, '  ')}</package>`,
    other: `${start}${renderChangelog(rpm.changelog)}</package>`,
  }
}

function renderPrimary(rpm: RpmFile, path: string, versionElement: string): string {
  const { header } = rpm
  const { name, arch } = identityOf(rpm)
  const buildTime = header.number('buildTime') ?? 0
  const lines = [
    xmlElement('name', name),
    xmlElement('arch', arch),
    versionElement,
    xmlElement('checksum', hexOf(rpm.digest), { type: 'sha256', pkgid: 'YES' }),
    xmlElement('summary', header.text('summary') ?? ''),
    xmlElement('description', header.text('description') ?? ''),
    xmlElement('packager', header.text('packager') ?? ''),
    xmlElement('url', header.text('url') ?? ''),
    // createrepo_c takes the file's mtime, which differs from copy to copy; the build time is the package's own.
    xmlElement('time', undefined, { file: buildTime, build: buildTime }),
    xmlElement('size', undefined, {
      package: rpm.sizeBytes,
      installed: rpm.installedBytes,
      archive: rpm.archiveBytes,
    }),
    xmlElement('location', undefined, { href: path }),
  ]
  const body = lines.map((line) => `  ${line}\n`).join('')
  return `<package type="rpm">\n${body}  <format>\n${renderFormat(rpm)}  </format>\n</package>`
}

function renderFormat(rpm: RpmFile): string {
  const { header, headerRange } = rpm
  const lines = [
    xmlElement('rpm:license', header.text('license') ?? ''),
    xmlElement('rpm:vendor', header.text('vendor') ?? ''),
    xmlElement('rpm:group', header.text('group') ?? ''),
    xmlElement('rpm:buildhost', header.text('buildHost') ?? ''),
    xmlElement('rpm:sourcerpm', header.text('sourceRpm') ?? ''),
    xmlElement('rpm:header-range', undefined, { start: headerRange.start, end: headerRange.end }),
  ]
  const body = lines.map((line) => `    ${line}\n`).join('')
  const primaryFiles = rpm.files.filter(({ path }) => isPrimaryFile(path))
  return body + renderDependencies(rpm) + renderFiles(primaryFiles, '    ')
}

function renderFiles(files: readonly RpmFileEntry[], indent: string): string {
  return files.map((file) => `${indent}${xmlElement('file', file.path, { type: typeOf(file) })}\n`).join('')
}

function typeOf({ mode, flags }: RpmFileEntry): 'dir' | 'ghost' | undefined {
  if ((mode & fileTypes.mask) === fileTypes.directory) return 'dir'
  return (flags & fileFlags.ghost) === 0 ? undefined : 'ghost'
}

const changelogEntriesMax = 10

/** Oldest first; entries of one day get seconds, so that clients that sort by date keep their order. */
function renderChangelog(changelog: readonly RpmChangelogEntry[]): string {
  const newestFirst = changelog.slice(0, changelogEntriesMax).map((entry) => ({ ...entry }))
  for (const [index, entry] of newestFirst.entries()) {
    let taken = entry.date
    for (const newer of newestFirst.slice(0, index).reverse()) {
      if (newer.date !== taken) break
      newer.date += 1
      taken += 1
    }
  }
  return newestFirst
    .reverse()
    .map(({ author, date, text }) =>
      xmlElement('changelog', text, { author: author.replace(/ +$/, ''), date }),
    )
    .map((line) => `  ${line}\n`)
    .join('')
}
