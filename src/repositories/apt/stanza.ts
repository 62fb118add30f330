import type { DebFacts } from './deb-facts.ts'
import { encoded, type Field, renderFields } from './deb822.ts'

// apt-pkg/tagfile-order.c, the order of apt-ftparchive; it was inspired by dpkg and dak.
const order = [
  'Package',
  'Package-Type',
  'Architecture',
  'Subarchitecture',
  'Version',
  'Kernel-Version',
  'Built-Using',
  'Built-For-Profiles',
  'Auto-Built-Package',
  'Multi-Arch',
  'Priority',
  'Essential',
  'Installer-Menu-Item',
  'Section',
  'Source',
  'Origin',
  'Maintainer',
  'Original-Maintainer',
  'Bugs',
  'Installed-Size',
  'Provides',
  'Pre-Depends',
  'Depends',
  'Recommends',
  'Suggests',
  'Conflicts',
  'Breaks',
  'Replaces',
  'Enhances',
  'Filename',
  'Size',
  'MD5sum',
  'SHA1',
  'SHA256',
  'SHA512',
  'Homepage',
  'Description',
  'Tag',
  'Task',
]

const places = new Map(order.map((name, place) => [name.toLowerCase(), place]))

// Of the archive, not of the package: what a package says about them is not believed.
const ours = new Set(['filename', 'size', 'md5sum', 'sha1', 'sha256', 'sha512'])

/** The paragraph of a package in Packages, as Latin-1, without the empty line behind it. */
export function renderStanza({ control, sizeBytes, digests }: DebFacts, path: string): string {
  const fields: Field[] = [
    ...control.filter(({ name }) => !ours.has(name.toLowerCase())),
    { name: 'Filename', value: encoded(path) },
    { name: 'Size', value: String(sizeBytes) },
    { name: 'MD5sum', value: digests.md5 },
    { name: 'SHA1', value: digests.sha1 },
    { name: 'SHA256', value: digests.sha256 },
    { name: 'SHA512', value: digests.sha512 },
  ]
  // The sort is stable: unknown fields follow in the package's own order.
  const placeOf = ({ name }: Field): number => places.get(name.toLowerCase()) ?? order.length
  return renderFields(fields.toSorted((a, b) => placeOf(a) - placeOf(b)))
}
