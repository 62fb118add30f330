import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { buildModule } from './build-module.ts'
import {
  type ComponentDescriptor,
  checkDescriptor,
  readDescriptor,
  writeDescriptor,
} from './component-descriptor.ts'
import { fromV3, toV3, writeDescriptorV3 } from './component-descriptor-v3.ts'
import { componentDifferences, refuseOtherContent } from './component-differences.ts'
import { writeReleaseMeta } from './release-meta.ts'
import { readScanConfig, writeScanConfig } from './scan-config.ts'
import { originModule, sampleInputs, sampleScan } from './testdata/sample-module.ts'
import { readYamlDocument } from './yaml-text.ts'

const { descriptor } = await buildModule(originModule, sampleInputs)
const changed = (change: Partial<ComponentDescriptor['component']>): ComponentDescriptor => ({
  ...descriptor,
  component: { ...descriptor.component, ...change },
})

test('a descriptor reads back as it was written', () => {
  expect(readDescriptor(writeDescriptor(descriptor), 'x')).toEqual(descriptor)
})

test('lists that Go wrote as null are empty', () => {
  const nulls = changed({ sources: null as never, componentReferences: null as never })

  expect(checkDescriptor(nulls, 'x').component).toMatchObject({ sources: [], componentReferences: [] })
})

test('version 3 holds the same, and turns back into version 2', () => {
  const v3 = readYamlDocument(writeDescriptorV3(descriptor), 'x')

  expect(v3).toMatchObject({ metadata: { provider: { name: 'kyma-project.io' } } })
  expect(fromV3(v3, 'x')).toEqual(descriptor)
  expect(toV3(fromV3(v3, 'x'))).toEqual(toV3(descriptor))
})

describe('a version that is there', () => {
  test('is the same component wherever it is stored, and whoever signed it', () => {
    const [resource] = descriptor.component.resources.slice(-1)
    if (resource === undefined) throw new Error('The sample has resources')
    const moved = changed({ repositoryContexts: [{ type: 'OCIRegistry', baseUrl: 'mirror.example.org' }] })

    expect(componentDifferences(moved, { ...descriptor, signatures: [] })).toEqual([])
  })

  test('with other content is refused, and what differs is shown', async () => {
    const [image, ...rest] = descriptor.component.resources
    if (image === undefined) throw new Error('The sample has resources')
    const there = changed({
      labels: [],
      resources: [{ ...image, version: '1.1.0' }, ...rest, { ...image, name: 'second' }],
    })

    const error = failure(() => refuseOtherContent(there, descriptor, 'registry.example.org/modules:v1.2.0'))

    await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/version-taken.txt')
  })
})

describe('the configuration of scanners', () => {
  test.each(['old', 'new'] as const)('reads back as it was written, with %s keys', async (keys) => {
    const config = {
      ...sampleScan,
      kind: 'kyma',
      rcTag: '1.2.0',
      devBranch: 'main',
      checkmarx: { preset: 'go-default', exclude: ['x'] },
    }
    const text = writeScanConfig(config, keys)

    await expect(text).toMatchFileSnapshot(`testdata/sec-scanners-config-${keys}.yaml`)
    expect(readScanConfig(text, 'x')).toEqual(config)
  })

  test('has old keys win over new ones, as the tools do', () => {
    const both =
      'module-name: m\nprotecode: [a:1]\nbdba: [b:1]\nwhitesource: {language: old}\nmend: {language: new}\n'

    expect(readScanConfig(both, 'x')).toMatchObject({ images: ['a:1'], source: { language: 'old' } })
  })
})

test('the release of a module names a version for each channel', async () => {
  const text = writeReleaseMeta({
    componentName: 'kyma-project.io/module/btp-operator',
    channels: { regular: '1.1.0', fast: '1.2.0' },
  })

  await expect(text).toMatchFileSnapshot('testdata/module-release-meta.yaml')
})

describe('refused, and why', () => {
  const [image] = descriptor.component.resources
  if (image === undefined) throw new Error('The sample has resources')
  const bad: { readonly [name: string]: () => unknown } = {
    'descriptor-names': () =>
      checkDescriptor(
        changed({ name: 'Btp', version: 'next', resources: [{ ...image, name: 'A b' }] }),
        'c.yaml',
      ),
    'descriptor-local-version': () =>
      checkDescriptor(
        changed({
          resources: [{ ...image, relation: 'local', version: '9.9.9', access: { type: 'localBlob' } }],
        }),
        'c.yaml',
      ),
    'descriptor-twice': () => checkDescriptor(changed({ resources: [image, image] }), 'c.yaml'),
    'descriptor-schema-version': () => checkDescriptor({ meta: { schemaVersion: 'v1' } }, 'c.yaml'),
    'descriptor-v3-kind': () => fromV3({ apiVersion: 'v1', kind: 'Pod' }, 'c.yaml'),
    'descriptor-provider': () => toV3(changed({ provider: '{"name":' })),
    'scan-config': () => readScanConfig('bdba: one\nmend: {exclude: {}}\n', 'sec-scanners-config.yaml'),
    'release-meta': () => writeReleaseMeta({ componentName: 'btp', channels: { Fast: 'v1' } }),
  }

  test.each(Object.entries(bad))('%s', async (name, act) => {
    await expect(failureText(failure(act))).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})

function failure(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
