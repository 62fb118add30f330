import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ManifestChanges } from '../render/render-manifest.ts'

const folder = join(import.meta.dirname, 'render')
export const plainManifest = readFileSync(join(folder, 'plain.yaml'), 'utf8')
/** What kustomize 5 made of it; renewed by test/module/kustomize.test.ts where kustomize is. */
export const recordedPath = (name: string): string => join(folder, `kustomize-${name}.yaml`)

export const renderImages = [
  { name: 'controller', newName: 'registry.example.org/prod/manager', newTag: '1.2.0' },
  { name: 'localhost:5000/tools/prepare', newTag: '3' },
  { name: 'registry.example.org/prod/proxy', digest: `sha256:${'b'.repeat(64)}` },
]
const images = renderImages
const labels = { 'app.kubernetes.io/component': 'manager', 'example.org/on': 'yes' }

export interface RenderCase {
  readonly name: string
  readonly changes: ManifestChanges
  /** The same in a kustomization. */
  readonly kustomization: object
}

export const renderCases: readonly RenderCase[] = [
  { name: 'images', changes: { images }, kustomization: { images } },
  { name: 'prefix', changes: { namePrefix: 'btp-' }, kustomization: { namePrefix: 'btp-' } },
  {
    name: 'namespace',
    changes: { namespace: 'kyma-system' },
    kustomization: { namespace: 'kyma-system' },
  },
  { name: 'labels-of-objects', changes: { labels }, kustomization: { labels: [{ pairs: labels }] } },
  {
    name: 'labels-of-templates',
    changes: { labels, labelsIn: 'templates' },
    kustomization: { labels: [{ pairs: labels, includeTemplates: true }] },
  },
  {
    name: 'labels-of-selectors',
    changes: { labels, labelsIn: 'selectors' },
    kustomization: { labels: [{ pairs: labels, includeSelectors: true }] },
  },
  {
    name: 'everything',
    changes: { images, labels, namePrefix: 'btp-manager-', namespace: 'kyma-system' },
    kustomization: {
      ...{ images, labels: [{ pairs: labels }] },
      ...{ namePrefix: 'btp-manager-', namespace: 'kyma-system' },
    },
  },
]
