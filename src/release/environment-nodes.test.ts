import { describe, expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { formatFinding } from '../config/finding.ts'
import { loadConfig } from '../config/load.ts'
import { failureText } from '../errors.ts'
import { topologicalOrder } from '../pipeline/order.ts'
import type { PipelineNode } from '../pipeline/plan.ts'
import { steps } from '../steps/index.ts'
import { type ReleaseScope, releasePipeline } from './pipeline.ts'

const yaml = (environments: string, pipeline = ''): string => `project: hello
keys:
  staging: { openpgp: { key: 'env:STAGING' } }
  production: { openpgp: { key: 'env:PRODUCTION' } }
sources:
  page: { https: { url: 'https://example.org/page', sha256: ${'0'.repeat(64)} } }
packages:
  hello:
    architectures: [amd64]
    summary: Says hello
    maintainer: Jo Doe <jo@example.org>
    license: MIT
    contents: [{ from: 'page:page', to: /usr/share/hello/page }]
repositories:
  staging:
    apt: { suite: stable }
    storage: { file: { path: a } }
    keys: [staging]
    installs: { commands: [[hello]] }
  stable: { apt: { suite: stable }, storage: { file: { path: b } }, keys: [production] }
environments:
${environments}
${pipeline}`

const both = `  production: { repositories: [stable], from: staging, branches: [main], approval: 'Publish \${version}?' }
  staging: { repositories: [staging], branches: [dev, 'dev-*'] }
`
const own = `pipeline:
  steps:
    - { id: try, step: run-job, needs: ['publish:staging'], before: ['tested:staging'], with: { name: try, job: { provider: process, options: { run: 'true' } } } }
    - { id: look, gate: 'Looks right?', needs: ['publish:staging'], before: ['tested:staging'] }
`

async function configOf(text: string): Promise<Config> {
  const { config, findings } = await loadConfig({ text, version: '1.0.0', environment: {} })
  if (config === undefined) throw new Error(findings.map(formatFinding).join('\n'))
  return config
}

async function nodesOf(text: string, scope: ReleaseScope): Promise<readonly PipelineNode[]> {
  const { nodes } = releasePipeline(await configOf(text), 'Notes.\n', scope)
  expect(topologicalOrder(nodes)).toHaveLength(nodes.length)
  for (const node of nodes) {
    if ('gate' in node) continue
    const kind = steps.find(({ name }) => name === node.step)
    expect(kind?.options.safeParse(node.options).error, node.id).toBeUndefined()
  }
  return nodes
}

const running = (nodes: readonly PipelineNode[]): readonly string[] =>
  nodes.flatMap(({ id, skip }) => (skip === undefined ? [id] : []))

const skips = (nodes: readonly PipelineNode[]) =>
  Object.fromEntries(nodes.flatMap(({ id, skip }) => (skip === undefined ? [] : [[id, skip]])))

const needsOf = (nodes: readonly PipelineNode[], id: string): readonly string[] =>
  nodes.find((node) => node.id === id)?.needs ?? []

describe('a branch that reaches only staging', () => {
  test('builds, tries and publishes there by itself, and leaves everything else out with the rule as reason', async () => {
    const nodes = await nodesOf(yaml(both, own), { branch: 'dev-1.5' })

    expect(running(nodes)).toEqual([
      'key:staging',
      'fetch:page',
      'build:hello:deb:amd64',
      'installs:staging',
      'publish:staging',
      'tested:staging',
      'try',
      'look',
    ])
    const skip = { reason: 'not selected', by: 'branch dev-1.5: production is for main' }
    expect(skips(nodes)).toEqual(
      Object.fromEntries(
        [
          ...['key:production', 'take:stable', 'approve:production', 'promote:stable'],
          ...['checksums', 'tag', 'draft', 'assets', 'publish-release'],
        ].map((id) => [id, skip]),
      ),
    )
  })

  test('records what the declared tests say: jobs, decisions and tried installs', async () => {
    const tested = (await nodesOf(yaml(both, own), { branch: 'dev' })).find(
      ({ id }) => id === 'tested:staging',
    )

    expect(tested).toMatchObject({
      needs: ['installs:staging', 'publish:staging', 'try', 'look'],
      options: {
        environment: 'staging',
        repositories: [{ published: 'publish:staging', tests: ['installs:staging', 'try', 'look'] }],
      },
    })
  })
})

describe('a branch that reaches only production', () => {
  test('builds nothing: it takes, asks, and releases what was taken', async () => {
    const nodes = await nodesOf(yaml(both, own), { branch: 'main' })

    expect(running(nodes)).toEqual([
      'key:production',
      'take:stable',
      'approve:production',
      'promote:stable',
      'checksums',
      'tag',
      'draft',
      'assets',
      'publish-release',
    ])
    expect(skips(nodes)).toMatchObject({
      'build:hello:deb:amd64': {
        reason: 'not selected',
        by: 'branch main: production takes packages of staging',
      },
      'publish:staging': { reason: 'not selected', by: 'branch main: staging is for dev and dev-*' },
      // Tests of staging are of staging.
      try: { reason: 'not selected', by: 'branch main: staging is for dev and dev-*' },
    })
    expect(needsOf(nodes, 'tag')).toEqual([
      'take:stable',
      'checksums',
      'approve:production',
      'key:production',
    ])
    expect(needsOf(nodes, 'promote:stable')).toContain('assets')
    expect(nodes.find(({ id }) => id === 'assets')).toMatchObject({
      options: { from: ['take:stable', 'checksums'] },
    })
  })

  test('takes exactly the packages of this version, as the index names them', async () => {
    const nodes = await nodesOf(yaml(both), { branch: 'main', waiver: { reason: 'urgent', by: 'Ann' } })

    expect(nodes.find(({ id }) => id === 'take:stable')).toMatchObject({
      options: {
        from: { repository: 'staging' },
        environment: 'staging',
        packages: [{ name: 'hello', version: '1.0.0-1', architecture: 'amd64' }],
        waiver: { reason: 'urgent', by: 'Ann' },
      },
    })
  })
})

test('a branch that reaches both goes through the first before the second', async () => {
  const rules = both.replaceAll(/branches: \[[^\]]*\]/g, 'branches: [main]')
  const nodes = await nodesOf(yaml(rules, own), { branch: 'main' })

  expect(skips(nodes)).toEqual({})
  expect(needsOf(nodes, 'take:stable')).toEqual(['publish:staging', 'tested:staging'])
  const order = topologicalOrder(nodes).map(({ id }) => id)
  const stages = [
    'build:hello:deb:amd64',
    'publish:staging',
    'tested:staging',
    'take:stable',
    'tag',
    'promote:stable',
  ]
  expect(stages.map((id) => order.indexOf(id))).toEqual(
    stages.map((id) => order.indexOf(id)).toSorted((a, b) => a - b),
  )
})

test('without a declared test nothing is recorded, and the reason is told', async () => {
  const nodes = await nodesOf(yaml(both).replace(/ {4}installs: .*\n/, ''), { branch: 'dev' })

  expect(skips(nodes)['tested:staging']).toEqual({
    reason: 'not applicable',
    because: 'no test of "staging" is declared',
  })
})

test('environments without rules are reached from everywhere, also without a branch', async () => {
  const nodes = await nodesOf(yaml('  all: { repositories: [staging, stable] }\n'), {})

  expect(skips(nodes)).toEqual({})
  expect(needsOf(nodes, 'publish:stable')).toContain('assets')
})

describe('a consumer of both environments', () => {
  const consumer = `consumers:
  shop:
    forge: { local: {} }
    environments: [staging, production]
    edits:
      - yaml: { file: all.yaml, values: { hello: { package: hello, format: deb }, url: { repository: deb } } }
    tests: [{ name: integration, job: { provider: process, options: { run: 'true' } } }]
    merge: { limit: 2d, requireApproval: true }
`
  const withConsumer = (environments: string): string =>
    yaml(environments, consumer)
      .replace('keys: [staging]', "url: 'https://staging.example.org/'\n    keys: [staging]")
      .replace('keys: [production] }', "keys: [production], url: 'https://packages.example.org' }")

  test('is brought to staging and tested there; its merge waits for production', async () => {
    const nodes = await nodesOf(withConsumer(both), { branch: 'dev' })

    expect(running(nodes).filter((id) => id.includes(':shop') || id.startsWith('tested'))).toEqual([
      'consume:shop:staging',
      'drift:shop:staging',
      'test:shop:staging:integration',
      'tested:staging',
    ])
    expect(needsOf(nodes, 'consume:shop:staging')).toEqual(['publish:staging'])
    expect(nodes.find(({ id }) => id === 'tested:staging')).toMatchObject({
      options: { repositories: [{ tests: ['installs:staging', 'test:shop:staging:integration'] }] },
    })
    expect(skips(nodes)['merge:shop']).toEqual({
      reason: 'not selected',
      by: 'branch dev: production is for main',
    })
  })

  test('is switched to production in the same pull request, tested again, merged, and only then is it released', async () => {
    const nodes = await nodesOf(withConsumer(both), { branch: 'main' })

    expect(running(nodes).filter((id) => id.includes(':shop'))).toEqual([
      'consume:shop:production',
      'drift:shop:production',
      'test:shop:production:integration',
      'merge:shop',
    ])
    const [staging, production] = ['staging', 'production'].map((environment) =>
      nodes.find(({ id }) => id === `consume:shop:${environment}`),
    )
    const valuesOf = (url: string) => [{ kind: 'yaml', values: { hello: '1.0.0-1', url } }]
    expect(staging).toMatchObject({
      options: {
        edits: valuesOf('https://staging.example.org'),
        laterEdits: [valuesOf('https://packages.example.org')],
      },
    })
    expect(production).toMatchObject({
      options: { edits: valuesOf('https://packages.example.org'), laterEdits: [] },
    })
    expect(needsOf(nodes, 'consume:shop:production')).toContain('promote:stable')
    expect(needsOf(nodes, 'merge:shop')).toContain('test:shop:production:integration')
    expect(nodes.find(({ id }) => id === 'merge:shop')).toMatchObject({
      limitMs: 2 * 86_400_000,
      options: { from: 'consume:shop:production', requireApproval: true },
    })
    expect(needsOf(nodes, 'publish-release')).toContain('merge:shop')
  })
})

describe('refused:', () => {
  test.each([
    ['no-branch', {}],
    ['branch-without-environment', { branch: 'feature/x' }],
    ['branch-like-a-rule', { branch: 'xdev' }],
  ])('%s', async (name, scope) => {
    const config = await configOf(yaml(both))

    let failure: unknown
    try {
      releasePipeline(config, '', scope)
    } catch (error) {
      failure = error
    }
    await expect(`${failureText(failure)}\n`).toMatchFileSnapshot(`testdata/errors/environment-${name}.txt`)
  })
})
