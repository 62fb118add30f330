import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { formatFinding } from '../config/finding.ts'
import { loadConfig } from '../config/load.ts'
import { topologicalOrder } from '../pipeline/order.ts'
import type { Pipeline } from '../pipeline/plan.ts'
import { steps } from '../steps/index.ts'
import { buildPipeline, releasePipeline } from './pipeline.ts'

const home = join(import.meta.dirname, '../..')

async function configOf(path: string): Promise<Config> {
  const { config, findings } = await loadConfig({ path: join(home, path), version: '1.0.0', environment: {} })
  if (config === undefined) throw new Error(findings.map(formatFinding).join('\n'))
  return config
}

const idsOf = ({ nodes }: Pipeline): string[] => nodes.map(({ id }) => id)

describe('the pipeline of the quickstart', () => {
  let pipeline: Pipeline
  let config: Config
  beforeAll(async () => {
    config = await configOf('examples/quickstart/hawser.yaml')
    pipeline = releasePipeline(config, 'Notes.\n')
  })

  test('builds each package for each format and architecture', () => {
    expect(idsOf(pipeline).filter((id) => id.startsWith('build:'))).toEqual([
      'build:quickstart-esbuild:deb:amd64',
      'build:quickstart-esbuild:deb:arm64',
      'build:quickstart-esbuild:rpm:amd64',
      'build:quickstart-esbuild:rpm:arm64',
      'build:quickstart-lefthook:deb:amd64',
      'build:quickstart-lefthook:deb:arm64',
      'build:quickstart-lefthook:rpm:amd64',
      'build:quickstart-lefthook:rpm:arm64',
    ])
  })

  test('is a DAG of known kinds whose options their kinds accept', () => {
    expect(topologicalOrder(pipeline.nodes)).toHaveLength(pipeline.nodes.length)
    for (const node of pipeline.nodes) {
      if (!('step' in node)) throw new Error('A derived pipeline has no gates')
      const kind = steps.find(({ name }) => name === node.step)
      expect(kind?.options.safeParse(node.options).error, node.id).toBeUndefined()
    }
  })

  test('touches nothing that others see before every key is proven and everything is built', () => {
    const tag = pipeline.nodes.find(({ id }) => id === 'tag')

    expect(tag?.needs).toContain('key:release')
    expect(tag?.needs).toContain('checksums')
    for (const id of ['publish:debian', 'publish:fedora']) {
      expect(pipeline.nodes.find((node) => node.id === id)?.needs).toContain('tag')
    }
  })

  test('makes the release public last', () => {
    const last = topologicalOrder(pipeline.nodes).at(-1)

    expect(last?.id).toBe('publish-release')
    expect(last?.needs).toEqual(['tag', 'draft', 'assets', 'publish:debian', 'publish:fedora'])
  })

  test('signs inside of rpms, and of debs only on request', () => {
    const keyOf = (id: string) => {
      const node = pipeline.nodes.find((found) => found.id === id)
      return node !== undefined && 'options' in node ? node.options['key'] : undefined
    }

    expect(keyOf('build:quickstart-esbuild:rpm:amd64')).toBeDefined()
    expect(keyOf('build:quickstart-esbuild:deb:amd64')).toBeUndefined()
  })

  test('holds references to secrets, never secrets', () => {
    expect(JSON.stringify(pipeline)).toContain('file:.hawser/keys/release.asc')
    expect(JSON.stringify(pipeline)).not.toContain('PRIVATE KEY')
  })

  test('building alone touches neither forge nor repositories', () => {
    const kinds = buildPipeline(config).nodes.map((node) => ('step' in node ? node.step : 'gate'))

    expect([...new Set(kinds)]).toEqual(['check-key', 'fetch-source', 'build-package', 'write-checksums'])
  })
})

test("Hawser's own hawser.yaml has no findings and a pipeline", async () => {
  const pipeline = releasePipeline(await configOf('hawser.yaml'), 'Notes.\n')

  expect(idsOf(pipeline)).toContain('build:hawser:deb:all')
  expect(idsOf(pipeline)).toContain('collect-files')
})

describe('a step that the file adds', () => {
  const configFrom = async (text: string): Promise<Config> => {
    const { config, findings } = await loadConfig({ text, version: '1.0.0', environment: {} })
    if (config === undefined) throw new Error(findings.map(formatFinding).join('\n'))
    return config
  }

  test('need not repeat the forge, and may bring the commit that is released', async () => {
    const config = await configFrom(`project: hello
forge: { local: { releases: there } }
release: { commitFrom: merged, notes: Notes. }
pipeline:
  steps:
    - { id: merged, step: create-tag, with: { tag: before, message: Before } }
`)

    const { nodes } = releasePipeline(config, 'Notes.\n')

    const optionsOf = (id: string) => nodes.find((node) => node.id === id)
    expect(optionsOf('merged')).toMatchObject({ options: { forge: config.forge, tag: 'before' } })
    for (const id of ['tag', 'draft']) {
      expect(optionsOf(id)).toMatchObject({
        options: { commitFrom: 'merged' },
        needs: expect.arrayContaining(['merged']),
      })
    }
  })
})
