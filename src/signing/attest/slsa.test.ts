import { expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { statementBytes } from '../statement.ts'
import { type Provenance, slsaProvenance } from './slsa.ts'

const digest = `sha256:${'ab'.repeat(32)}` as const
const provenance: Provenance = {
  subjects: [{ name: 'app.deb', digest }],
  builderId: 'https://example.org/builders/laptop',
  builderVersion: { hawser: '0.1.0' },
  buildType: 'https://example.org/hawser/release/v1',
  externalParameters: { version: '1.2.0', ref: 'refs/tags/v1.2.0' },
  internalParameters: { step: 'build-deb' },
  resolvedDependencies: [
    { uri: 'git+https://example.org/app.git@refs/tags/v1.2.0', gitCommit: 'cd'.repeat(20) },
    { name: 'base', uri: 'oci://registry.example.org/base', digest, mediaType: 'application/json' },
  ],
  invocationId: 'app-1.2.0-1',
  startedOn: new Date('2026-01-02T03:04:05.678Z'),
  finishedOn: new Date('2026-01-02T03:05:05Z'),
  byproducts: [
    { name: 'log', digest, downloadLocation: 'https://example.org/log', annotations: { lines: 5 } },
  ],
}

test('provenance has the members of SLSA v1, in its order', async () => {
  const text = JSON.stringify(
    JSON.parse(Buffer.from(statementBytes(slsaProvenance(provenance))).toString()),
    null,
    1,
  )

  await expect(`${text}\n`).toMatchFileSnapshot('testdata/slsa.json')
})

test('what is not known is left out', () => {
  const { subjects, builderId, buildType, externalParameters } = provenance
  const { predicate } = slsaProvenance({ subjects, builderId, buildType, externalParameters, byproducts: [] })

  expect(predicate).toEqual({
    buildDefinition: { buildType, externalParameters },
    runDetails: { builder: { id: builderId } },
  })
})

test.each<[string, Partial<Provenance>]>([
  ['slsa-no-subject', { subjects: [] }],
  ['slsa-builder', { builderId: 'laptop' }],
  ['slsa-build-type', { buildType: 'a b' }],
  ['slsa-dependency', { resolvedDependencies: [{ name: 'base' }] }],
  ['slsa-byproduct-uri', { byproducts: [{ uri: '/tmp/log' }] }],
  ['slsa-time', { finishedOn: new Date('2025-01-01T00:00:00Z') }],
])('%s', async (name, change) => {
  let text = 'no failure'
  try {
    slsaProvenance({ ...provenance, ...change })
  } catch (error) {
    text = failureText(error)
  }
  await expect(`${text}\n`).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})
