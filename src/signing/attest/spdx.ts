import { createHash } from 'node:crypto'
import { type LicenseText, readLicense } from './license-text.ts'
import {
  by,
  type ComponentType,
  type FileInside,
  orderedSbom,
  type Sbom,
  type SbomComponent,
  uuidOf,
} from './sbom.ts'

export const spdxMediaType = 'application/spdx+json'

const purposes: Readonly<Record<ComponentType, string>> = {
  application: 'APPLICATION',
  library: 'LIBRARY',
  package: 'INSTALL',
  image: 'CONTAINER',
  file: 'FILE',
}

interface Licenses {
  readonly declared: string
  readonly extracted: readonly { readonly licenseId: string; readonly name: string }[]
}

/** SPDX 2.3 in JSON. Equal input gives equal bytes: nothing is drawn at random, no clock is read. */
export async function spdxSbom(written: Sbom): Promise<Uint8Array> {
  const sbom = orderedSbom(written)
  const all = [sbom.subject, ...sbom.components]
  const licenses = new Map<string, Licenses>()
  for (const { id, licenses: texts = [] } of all) licenses.set(id, await licensesOf(texts))
  const extracted = new Map(
    [...licenses.values()].flatMap((one) => one.extracted).map((one) => [one.licenseId, one]),
  )
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: nameOf(sbom.subject),
    documentNamespace: `https://spdx.org/spdxdocs/${encodeURIComponent(nameOf(sbom.subject))}-${uuidOf(sbom, 'spdx')}`,
    creationInfo: {
      created: sbom.date.toISOString().replace(/\.\d{3}Z$/, 'Z'),
      creators: [`Tool: hawser-${sbom.toolVersion}`],
    },
    packages: all.map((component) => packageOf(component, licenses.get(component.id))),
    files: all.flatMap(({ id, files = [] }) => files.map((file) => fileOf(id, file))),
    ...(extracted.size > 0 && { hasExtractedLicensingInfos: extractedOf([...extracted.values()]) }),
    relationships: relationshipsOf(sbom, all),
  }
  return Buffer.from(JSON.stringify(document))
}

function packageOf(component: SbomComponent, licenses: Licenses | undefined): object {
  const { id, type, name, version, purl, description, supplier, files = [] } = component
  const declared = licenses?.declared ?? 'NOASSERTION'
  return {
    SPDXID: packageId(id),
    name,
    ...(version !== undefined && { versionInfo: version }),
    ...(supplier !== undefined && { supplier: `Organization: ${supplier}` }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: files.length > 0,
    ...(files.length > 0 && {
      packageVerificationCode: { packageVerificationCodeValue: verificationCode(files) },
    }),
    ...checksumsOf(component.digests ?? {}),
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: declared,
    copyrightText: 'NOASSERTION',
    ...(description !== undefined && { description }),
    ...(purl !== undefined && {
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    }),
    primaryPackagePurpose: purposes[type],
  }
}

function fileOf(owner: string, { path, sha1, sha256 }: FileInside): object {
  return {
    SPDXID: fileId(owner, path),
    fileName: path.startsWith('/') ? `.${path}` : path,
    ...checksumsOf({ sha1, sha256 }),
    licenseConcluded: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
  }
}

/** SPDX 2.3, 7.9: SHA-1 of the sorted SHA-1 digests in hex. */
function verificationCode(files: readonly FileInside[]): string {
  const hash = createHash('sha1')
  for (const sha1 of files.map((file) => file.sha1).sort()) hash.update(sha1)
  return hash.digest('hex')
}

function checksumsOf({ sha1, sha256, sha512 }: NonNullable<SbomComponent['digests']>): object {
  const checksums = [
    { algorithm: 'SHA1', checksumValue: sha1 },
    { algorithm: 'SHA256', checksumValue: sha256 },
    { algorithm: 'SHA512', checksumValue: sha512 },
  ].filter(({ checksumValue }) => checksumValue !== undefined)
  return checksums.length === 0 ? {} : { checksums }
}

function relationshipsOf({ subject, relations }: Sbom, all: readonly SbomComponent[]): readonly object[] {
  const describes = relationship('SPDXRef-DOCUMENT', 'DESCRIBES', packageId(subject.id))
  const related = relations.map(({ from, kind, to }) =>
    relationship(packageId(from), kind === 'contains' ? 'CONTAINS' : 'DEPENDS_ON', packageId(to)),
  )
  const inside = all.flatMap(({ id, files = [] }) =>
    files.map(({ path }) => relationship(packageId(id), 'CONTAINS', fileId(id, path))),
  )
  return [describes, ...related, ...inside]
}

const relationship = (
  spdxElementId: string,
  relationshipType: string,
  relatedSpdxElement: string,
): object => ({
  spdxElementId,
  relationshipType,
  relatedSpdxElement,
})

/** Licences that SPDX does not list are written beside it, by name: their text is not known here. */
async function licensesOf(texts: readonly string[]): Promise<Licenses> {
  const read = await Promise.all(texts.map(readLicense))
  const operands = read.map((license) => ({
    text: operandOf(license),
    isCompound: license.kind === 'expression',
  }))
  const several = operands.length > 1
  const declared = operands.map(({ text, isCompound }) => (several && isCompound ? `(${text})` : text))
  const names = read.flatMap((license) => (license.kind === 'name' ? [license.name] : []))
  return {
    declared: declared.length === 0 ? 'NOASSERTION' : declared.join(' AND '),
    extracted: names.map((name) => ({ licenseId: licenseRef(name), name })),
  }
}

function operandOf(license: LicenseText): string {
  if (license.kind === 'id') return license.id
  return license.kind === 'expression' ? license.expression : licenseRef(license.name)
}

function extractedOf(
  list: readonly { readonly licenseId: string; readonly name: string }[],
): readonly object[] {
  return [...list]
    .sort(by(({ licenseId }) => licenseId))
    .map(({ licenseId, name }) => ({ licenseId, extractedText: name, name }))
}

const nameOf = ({ name, version }: SbomComponent): string =>
  version === undefined ? name : `${name}-${version}`
const licenseRef = (name: string): string => `LicenseRef-${idText(name)}`
const packageId = (id: string): string => `SPDXRef-Package-${idText(id)}`
const fileId = (owner: string, path: string): string => `SPDXRef-File-${idText(`${owner}#${path}`)}`

/** Ids are letters, digits, "." and "-": readable, and by their end unique. */
function idText(text: string): string {
  const readable = text.replaceAll(/[^A-Za-z0-9.-]+/g, '-').slice(0, 60)
  return `${readable}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}
