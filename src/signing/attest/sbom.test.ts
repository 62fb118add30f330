import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { readStatement, statementBytes } from '../statement.ts'
import { cyclonedxSbom } from './cyclonedx.ts'
import { readLicense } from './license-text.ts'
import { packageUrl } from './package-url.ts'
import type { Sbom, SbomComponent } from './sbom.ts'
import { sbomStatement } from './sbom-statement.ts'
import { spdxSbom } from './spdx.ts'

const deb: SbomComponent = {
  id: 'pkg:deb/debian/app@1.2.0?arch=amd64',
  type: 'package',
  name: 'app',
  version: '1.2.0',
  purl: 'pkg:deb/debian/app@1.2.0?arch=amd64',
  description: 'An app',
  supplier: 'Example',
  digests: { sha256: 'ab'.repeat(32) },
  licenses: ['Apache-2.0', 'GPL-2.0-or-later WITH Classpath-exception-2.0 OR MIT'],
  files: [
    { path: '/usr/bin/app', sha1: '12'.repeat(20), sha256: '34'.repeat(32) },
    { path: '/etc/app/ä.conf', sha1: '56'.repeat(20), sha256: '78'.repeat(32) },
  ],
}
const library: SbomComponent = {
  id: 'pkg:generic/zlib@1.3',
  type: 'library',
  name: 'zlib',
  version: '1.3',
  purl: 'pkg:generic/zlib@1.3',
  licenses: ['Zlib'],
}
const closed: SbomComponent = {
  id: 'pkg:generic/codec',
  type: 'library',
  name: 'codec',
  licenses: ['Proprietary, see EULA', 'MIT'],
}
const image: SbomComponent = {
  id: 'image',
  type: 'image',
  name: 'registry.example.org/app',
  version: '1.2.0',
}
const sbom: Sbom = {
  subject: { id: 'release', type: 'application', name: 'app', version: '1.2.0' },
  components: [library, image, deb, closed],
  relations: [
    { from: 'release', kind: 'contains', to: deb.id },
    { from: 'release', kind: 'contains', to: 'image' },
    { from: deb.id, kind: 'depends on', to: library.id },
    { from: deb.id, kind: 'depends on', to: library.id },
    { from: 'image', kind: 'contains', to: closed.id },
  ],
  date: new Date('2026-01-02T03:04:05Z'),
  toolVersion: '0.1.0',
}

/** The same thing said in another order. */
const shuffled: Sbom = {
  ...sbom,
  components: [...sbom.components].reverse().map(({ files, ...rest }) => ({
    ...rest,
    ...(files !== undefined && { files: [...files].reverse() }),
  })),
  relations: [...sbom.relations].reverse(),
}

const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString())

describe.each([
  ['CycloneDX 1.6', cyclonedxSbom, cyclonedxValidator],
  ['SPDX 2.3', spdxSbom, spdxValidator],
] as const)('%s', (_, write, validator) => {
  test('the schema accepts it, also when nothing is in it', async () => {
    const empty = { ...sbom, components: [], relations: [] }

    for (const each of [sbom, empty]) {
      const validate = validator()
      expect([validate(parse(await write(each))), validate.errors]).toEqual([true, null])
    }
  })

  test('the order of what is given does not matter, and other content has another number', async () => {
    const bytes = await write(sbom)

    expect(Buffer.compare(await write(shuffled), bytes)).toBe(0)
    const numberOf = (document: Uint8Array) =>
      /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(`${document}`)?.[0]
    const other = await write({ ...sbom, components: sbom.components.slice(1), relations: [] })
    expect(numberOf(other)).not.toBe(numberOf(bytes))
  })

  test('two components with one id, and relations to nothing, are errors', async () => {
    const lost = { from: 'release', kind: 'contains', to: 'nowhere' } as const

    await expectFailure('sbom-twice', write({ ...sbom, components: [...sbom.components, library] }))
    await expectFailure('sbom-lost', write({ ...sbom, relations: [lost] }))
  })

  test('the bytes are those of before', async () => {
    const text = JSON.stringify(parse(await write(sbom)), null, 1)
    await expect(`${text}\n`).toMatchFileSnapshot(`testdata/${write.name}.json`)
  })
})

test('a bill of materials is the predicate of an attestation', async () => {
  const digest = `sha256:${'ab'.repeat(32)}` as const
  const document = await spdxSbom(sbom)
  const statement = sbomStatement('spdx', [{ name: 'app.deb', digest }], document)

  expect(readStatement(statementBytes(statement))).toEqual({
    subjects: [{ name: 'app.deb', digest }],
    predicateType: 'https://spdx.dev/Document',
    predicate: parse(document),
  })
})

test.each([
  ['MIT', 'id'],
  [' Apache-2.0 ', 'id'],
  ['MIT OR Apache-2.0', 'expression'],
  ['(MIT AND (BSD-3-Clause OR LicenseRef-own))', 'expression'],
  ['GPL-2.0-only WITH Classpath-exception-2.0', 'expression'],
  ['MIT OR', 'name'],
  ['(MIT', 'name'],
  ['MIT)', 'name'],
  ['MIT Apache-2.0', 'name'],
  ['MIT or Apache-2.0', 'name'],
  ['Proprietary', 'name'],
  ['', 'name'],
])('the licence "%s" is of the kind "%s"', async (text, kind) => {
  expect((await readLicense(text)).kind).toBe(kind)
})

// Examples of purl-spec, and what comes near its corners.
test.each([
  [
    'pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie',
    {
      type: 'deb',
      namespace: 'debian',
      name: 'curl',
      version: '7.50.3-1',
      qualifiers: { distro: 'jessie', arch: 'i386', empty: '' },
    },
  ],
  [
    'pkg:oci/debian@sha256%3A244fd4?arch=amd64&repository_url=docker.io/library/debian',
    {
      type: 'OCI',
      name: 'debian',
      version: 'sha256:244fd4',
      qualifiers: { repository_url: 'docker.io/library/debian', arch: 'amd64' },
    },
  ],
  [
    'pkg:generic/a%20b/c%28d%29@1%2B2~3',
    { type: 'generic', namespace: 'a b', name: 'c(d)', version: '1+2~3' },
  ],
])('%s', (text, parts) => {
  expect(packageUrl(parts)).toBe(text)
})

function ajv(): Ajv {
  const made = new Ajv({ strict: false, allErrors: true })
  // Both are CommonJS, whose default export is wrapped once more under Node's rules.
  addFormats.default(made)
  return made
}

function spdxValidator() {
  const schema = readFileSync(join(import.meta.dirname, 'testdata', 'spdx-2.3.schema.json'), 'utf8')
  return ajv().compile(JSON.parse(schema))
}

/** The schemas that its library ships, the strict ones: unknown members are errors. */
function cyclonedxValidator() {
  const manifest = createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')
  const read = (name: string) =>
    JSON.parse(readFileSync(join(dirname(manifest), 'res', 'schema', `${name}.SNAPSHOT.schema.json`), 'utf8'))
  const made = ajv()
  for (const format of ['idn-email', 'iri-reference']) made.addFormat(format, true)
  for (const name of ['spdx', 'jsf-0.82'])
    made.addSchema(read(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`)
  return made.compile(read('bom-1.6'))
}

async function expectFailure(name: string, attempt: Promise<unknown>): Promise<void> {
  const error: unknown = await attempt.then(
    () => new Error('no failure'),
    (thrown: unknown) => thrown,
  )
  await expect(`${failureText(error)}\n`).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
}
