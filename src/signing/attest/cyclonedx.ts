import type { Models } from '@cyclonedx/cyclonedx-library'
import type { HashAlgorithm } from '@cyclonedx/cyclonedx-library/Enums'
import type { License } from '@cyclonedx/cyclonedx-library/Models'
import { readLicense } from './license-text.ts'
import {
  type ComponentType,
  type FileInside,
  orderedSbom,
  type Sbom,
  type SbomComponent,
  uuidOf,
} from './sbom.ts'

type Library = typeof import('@cyclonedx/cyclonedx-library')

export const cyclonedxMediaType = 'application/vnd.cyclonedx+json'

/** CycloneDX 1.6 in JSON. Equal input gives equal bytes: nothing is drawn at random, no clock is read. */
export async function cyclonedxSbom(written: Sbom): Promise<Uint8Array> {
  const sbom = orderedSbom(written)
  const library = await import('@cyclonedx/cyclonedx-library')
  const { Models, Serialize, Spec } = library
  const parts = new Map<string, Models.Component>()
  for (const component of [sbom.subject, ...sbom.components]) {
    parts.set(component.id, await componentOf(component, library))
  }
  for (const { from, to } of sbom.relations) {
    const target = parts.get(to)
    if (target !== undefined) parts.get(from)?.dependencies.add(target.bomRef)
  }
  const subject = parts.get(sbom.subject.id)
  const bom = new Models.Bom({
    serialNumber: `urn:uuid:${uuidOf(sbom, 'cyclonedx')}`,
    metadata: new Models.Metadata({
      timestamp: sbom.date,
      tools: new Models.Tools({ components: new Models.ComponentRepository([toolOf(sbom, library)]) }),
      ...(subject !== undefined && { component: subject }),
    }),
    components: new Models.ComponentRepository([...parts.values()].slice(1)),
  })
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6))
  // Its own sorting goes by locale; everything is in order already.
  return Buffer.from(serializer.serialize(bom, { sortLists: false }))
}

async function componentOf(component: SbomComponent, library: Library): Promise<Models.Component> {
  const { Models } = library
  const { id, type, name, version, purl, description, supplier, digests = {}, files = [] } = component
  return new Models.Component(typeOf(type, library), name, {
    bomRef: id,
    hashes: hashesOf(digests, library),
    licenses: await licensesOf(component.licenses ?? [], library),
    components: new Models.ComponentRepository(files.map((file) => fileOf(id, file, library))),
    ...(version !== undefined && { version }),
    ...(purl !== undefined && { purl }),
    ...(description !== undefined && { description }),
    ...(supplier !== undefined && { supplier: new Models.OrganizationalEntity({ name: supplier }) }),
  })
}

function fileOf(owner: string, { path, sha1, sha256 }: FileInside, library: Library): Models.Component {
  return new library.Models.Component(library.Enums.ComponentType.File, path, {
    bomRef: `${owner}#${path}`,
    hashes: hashesOf({ sha1, sha256 }, library),
  })
}

function toolOf({ toolVersion }: Sbom, library: Library): Models.Component {
  const { Component } = library.Models
  const options = { bomRef: 'hawser', version: toolVersion }
  return new Component(library.Enums.ComponentType.Application, 'hawser', options)
}

function typeOf(type: ComponentType, { Enums }: Library) {
  const types = {
    application: Enums.ComponentType.Application,
    library: Enums.ComponentType.Library,
    package: Enums.ComponentType.Library,
    image: Enums.ComponentType.Container,
    file: Enums.ComponentType.File,
  } satisfies Record<ComponentType, unknown>
  return types[type]
}

function hashesOf(digests: NonNullable<SbomComponent['digests']>, library: Library): Models.HashDictionary {
  const { HashAlgorithm: algorithms } = library.Enums
  const named: readonly (readonly [HashAlgorithm, string | undefined])[] = [
    [algorithms['SHA-1'], digests.sha1],
    [algorithms['SHA-256'], digests.sha256],
    [algorithms['SHA-512'], digests.sha512],
  ]
  return new library.Models.HashDictionary(
    named.flatMap(([algorithm, hex]) => (hex === undefined ? [] : [[algorithm, hex]])),
  )
}

/** The form holds either one expression or several licences: several with an expression among them become one. */
async function licensesOf(texts: readonly string[], library: Library): Promise<Models.LicenseRepository> {
  const { LicenseExpression, LicenseRepository, NamedLicense, SpdxLicense } = library.Models
  const read = await Promise.all(texts.map(readLicense))
  const isSpdx = read.every(({ kind }) => kind !== 'name')
  if (isSpdx && read.some(({ kind }) => kind === 'expression')) {
    const joined = texts.length === 1 ? texts[0] : texts.map((text) => `(${text})`).join(' AND ')
    return new LicenseRepository([new LicenseExpression(joined ?? '')])
  }
  return new LicenseRepository(
    read.map((license): License => {
      if (license.kind === 'id') return new SpdxLicense(license.id)
      return new NamedLicense(license.kind === 'name' ? license.name : license.expression)
    }),
  )
}
