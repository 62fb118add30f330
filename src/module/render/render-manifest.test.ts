import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import type { JsonObject } from '../../lib/json.ts'
import { plainManifest, recordedPath, renderCases, renderImages } from '../testdata/render-cases.ts'
import { readYamlDocuments } from '../yaml-text.ts'
import { type ManifestChanges, renderManifest } from './render-manifest.ts'

test.each(renderCases)('the same objects as kustomize makes: $name', ({ name, changes }) => {
  const theirs = readFileSync(recordedPath(name), 'utf8')

  const ours = renderManifest(plainManifest, 'plain.yaml', changes)

  expect(byIdentity(ours)).toEqual(byIdentity(theirs))
})

test('what is not changed stays as it was written: comments, quotes, octal numbers', () => {
  const text = renderManifest(plainManifest, 'plain.yaml', { images: renderImages.slice(0, 1) })

  const before = plainManifest.split('\n').map(unspaced)
  const changed = text
    .split('\n')
    .map(unspaced)
    .filter((line) => !before.includes(line))
  const image = 'image:registry.example.org/prod/manager:1.2.0'
  expect(changed).toEqual([image, image])
  expect(text).toContain('# Everything that names something else.')
  expect(text).toContain('defaultMode: 0755')
})

const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: webhook, namespace: system}\n'
const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: alice, namespace: system}\n'

// kustomize leaves this name alone, so that the definition calls a service that is not there.
test("a definition's conversion webhook follows its service", () => {
  const definition = [
    'apiVersion: apiextensions.k8s.io/v1',
    'kind: CustomResourceDefinition',
    'metadata: {name: things.example.org}',
    'spec:',
    '  conversion: {webhook: {clientConfig: {service: {name: webhook, namespace: system}}}}',
    '',
  ].join('\n')

  const text = renderManifest(`${service}---\n${definition}`, 'm.yaml', {
    namePrefix: 'btp-',
    namespace: 'kyma',
  })

  expect(text).toContain('service: { name: btp-webhook, namespace: kyma }')
  expect(text).toContain('name: things.example.org')
})

// kustomize renames it too, and gives it a namespace, which the cluster refuses.
test('a user with the name of a service account is somebody else', () => {
  const binding = [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: ClusterRoleBinding',
    'metadata: {name: users}',
    'roleRef: {kind: ClusterRole, name: view}',
    'subjects: [{kind: User, name: alice}]',
    '',
  ].join('\n')

  const text = renderManifest(`${account}---\n${binding}`, 'm.yaml', {
    namePrefix: 'btp-',
    namespace: 'kyma',
  })

  expect(text).toContain('{ kind: User, name: alice }')
})

test('without changes nothing but white space changes, and again nothing', () => {
  const once = renderManifest(service, 'm.yaml', {})

  expect(renderManifest(once, 'm.yaml', {})).toBe(once)
})

test('aliases and merged mappings are changed each in its own place', () => {
  const anchored = [
    'kind: Pod',
    'metadata: {name: p, labels: &labels {a: "1"}}',
    'spec:',
    '  containers:',
    '    - &first {name: one, image: &image "app:1"}',
    '    - {<<: *first, name: two}',
    '    - {name: three, image: *image}',
    '---',
    'kind: Service',
    'metadata: {name: s, labels: &again {b: "2"}}',
    'spec: {selector: *again}',
    '',
  ].join('\n')

  const text = renderManifest(anchored, 'm.yaml', {
    images: [{ name: 'app', newTag: '2' }],
    labels: { on: 'c' },
  })

  const [changed, service] = readYamlDocuments(text, 'x').map(({ value }) => value)
  expect(changed?.['metadata']).toEqual({ name: 'p', labels: { a: '1', on: 'c' } })
  expect(changed?.['spec']).toEqual({
    containers: ['one', 'two', 'three'].map((name) => ({ name, image: 'app:2' })),
  })
  expect(service?.['metadata']).toEqual({ name: 's', labels: { b: '2', on: 'c' } })
  expect(service?.['spec']).toEqual({ selector: { b: '2' } })
})

const pod =
  'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "app:1"}]}\n'
const bad: { readonly [name: string]: readonly [string, ManifestChanges] } = {
  'render-unused-image': [pod, { images: [{ name: 'other', newTag: '2' }] }],
  'render-bad-image': [pod, { images: [{ name: 'app', newTag: 'a b' }] }],
  'render-empty': ['# nothing\n', {}],
  'render-duplicate-key': ['kind: Pod\nkind: Service\n', {}],
}

test.each(Object.entries(bad))('refused, and why: %s', async (name, [text, changes]) => {
  let error: unknown
  try {
    renderManifest(text, 'm.yaml', changes)
  } catch (caught) {
    error = caught
  }

  await expect(failureText(error)).toMatchFileSnapshot(`../testdata/errors/${name}.txt`)
})

/** White space inside of flow mappings is not content. */
const unspaced = (line: string): string => line.replaceAll(/[ -]/g, '')

function byIdentity(text: string): { readonly [identity: string]: JsonObject } {
  const objects = readYamlDocuments(text, 'the manifest').map(({ value }) => {
    const { name, namespace } = value['metadata'] as { readonly name: string; readonly namespace?: string }
    return [`${value['kind']} ${namespace ?? ''}/${name}`, value] as const
  })
  return Object.fromEntries(objects)
}
