import { readFile } from 'node:fs/promises'
import type { ContentEntry, PackageSpec } from '../package-spec.ts'

/** DEP 5. Debian Policy 12.5: every package has this file. */
export async function renderCopyright(spec: PackageSpec): Promise<string> {
  const year = new Date(spec.epoch * 1000).getUTCFullYear()
  const header = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    `Upstream-Name: ${spec.name}`,
    ...(spec.homepage === undefined ? [] : [`Source: ${spec.homepage}`]),
    '',
    'Files: *',
    `Copyright: ${year} ${spec.vendor ?? spec.maintainer}`,
    `License: ${spec.license}`,
  ]
  const text = (await licenseText(spec))
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
  return `${[...header, ...text].join('\n')}\n`
}

async function licenseText(spec: PackageSpec): Promise<string> {
  const common = commonLicenses[spec.license]
  // Policy 12.5: the common licences are referred to, not repeated.
  if (common !== undefined) {
    return `On Debian systems, the full text of this license is in\n/usr/share/common-licenses/${common}.`
  }
  const files = spec.contents.filter(isLicense)
  const [file, second] = files
  if (file !== undefined && second === undefined && file.sizeBytes <= 1 << 16) {
    return (await readFile(file.source, 'utf8')).trim()
  }
  if (files.length > 0) return `The full text is in\n${files.map(({ path }) => path).join('\n')}.`
  return `The license is the SPDX license expression "${spec.license}";\nsee https://spdx.org/licenses/ for the text.`
}

const isLicense = (entry: ContentEntry): entry is ContentEntry & { type: 'file' } =>
  entry.type === 'file' && entry.role === 'license'

/** SPDX identifier → name below /usr/share/common-licenses (base-files). */
const commonLicenses: { readonly [spdx: string]: string } = {
  'Apache-2.0': 'Apache-2.0',
  'Artistic-1.0-Perl': 'Artistic',
  'CC0-1.0': 'CC0-1.0',
  'GFDL-1.2-only': 'GFDL-1.2',
  'GFDL-1.2-or-later': 'GFDL-1.2',
  'GFDL-1.3-only': 'GFDL-1.3',
  'GFDL-1.3-or-later': 'GFDL-1.3',
  'GPL-1.0-only': 'GPL-1',
  'GPL-1.0-or-later': 'GPL-1',
  'GPL-2.0-only': 'GPL-2',
  'GPL-2.0-or-later': 'GPL-2',
  'GPL-3.0-only': 'GPL-3',
  'GPL-3.0-or-later': 'GPL-3',
  'LGPL-2.0-only': 'LGPL-2',
  'LGPL-2.0-or-later': 'LGPL-2',
  'LGPL-2.1-only': 'LGPL-2.1',
  'LGPL-2.1-or-later': 'LGPL-2.1',
  'LGPL-3.0-only': 'LGPL-3',
  'LGPL-3.0-or-later': 'LGPL-3',
  'MPL-1.1': 'MPL-1.1',
  'MPL-2.0': 'MPL-2.0',
}
