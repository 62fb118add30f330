import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { failureText, Refusal } from '../errors.ts'
import { hawserVersion } from '../lib/hawser-version.ts'
import { initWithCi } from './init-project.ts'

const yaml = `project: tool
inputs:
  credentials: { values: [real, dummy], default: real, describe: 'Which credentials: the "dummy" ones reach nothing.' }
  bump: { values: [true, false], default: true }
  next-version: {}
forge:
  github: { repository: example/tool, token: env:GITHUB_TOKEN }
keys:
  release:
    openpgp: { key: env:RELEASE_KEY }
release:
  sign: release
  assets: [README.md]
pipeline:
  steps:
    - { id: ship, gate: Ship it?, before: [publish-release] }
`

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-init-ci-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const path = '.github/workflows/release.yml'
const written = (): Promise<string> => readFile(join(root, path), 'utf8')

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly env?: { readonly [name: string]: string }
}

describe('hawser init --ci github', () => {
  beforeEach(async () => {
    await writeFile(join(root, 'hawser.yaml'), yaml)
    await writeFile(join(root, 'README.md'), '')
  })

  test('writes a workflow with the inputs of hawser.yaml', async () => {
    const [made, ...others] = await initWithCi('github', root, {})

    expect(others).toEqual([])
    expect(made?.path).toBe(join(root, path))
    expect(made?.notes[0]).toContain('Add the secret RELEASE_KEY')
    const text = (await written()).replaceAll(hawserVersion(), '(version)')
    await expect(text).toMatchFileSnapshot('testdata/release.yml')
    const { inputs } = parse(text).on.workflow_dispatch
    expect(Object.keys(inputs)).toEqual(['version', 'credentials', 'bump', 'next-version'])
    expect(inputs.credentials).toMatchObject({ type: 'choice', options: ['real', 'dummy'], default: 'real' })
    expect(inputs.bump).toMatchObject({ type: 'boolean', default: true, required: false })
    expect(inputs['next-version']).toMatchObject({ type: 'string', required: true })
  })

  test('pins actions to commits, asks for the least, and puts no value into a script', async () => {
    await initWithCi('github', root, {})

    const workflow = parse(await written())
    const steps: readonly Step[] = workflow.jobs.release.steps
    for (const { uses } of steps) expect(uses ?? '@'.padEnd(41, '0')).toMatch(/@[0-9a-f]{40}$/)
    expect(workflow.permissions).toEqual({})
    expect(workflow.jobs.release.permissions).toEqual({ contents: 'write' })
    for (const { run } of steps) expect(run ?? '').not.toContain('${{')
    expect(steps.at(-1)?.env).toEqual({
      VERSION: '${{ inputs.version }}',
      INPUT_CREDENTIALS: "${{ inputs['credentials'] }}",
      INPUT_BUMP: "${{ inputs['bump'] }}",
      INPUT_NEXT_VERSION: "${{ inputs['next-version'] }}",
      GITHUB_TOKEN: '${{ github.token }}',
      RELEASE_KEY: '${{ secrets.RELEASE_KEY }}',
    })
  })

  test('asks for more only where a step needs it', async () => {
    const keyless = yaml
      .replace('openpgp: { key: env:RELEASE_KEY }', 'sigstore: {}')
      .replace('  sign: release\n', '')
    await writeFile(join(root, 'hawser.yaml'), keyless)

    await initWithCi('github', root, {})

    expect(parse(await written()).jobs.release.permissions).toEqual({
      contents: 'write',
      'id-token': 'write',
    })
  })

  test('overwrites nothing', async () => {
    await mkdir(join(root, '.github/workflows'), { recursive: true })
    await writeFile(join(root, path), 'mine')

    const error = await initWithCi('github', root, {}).catch((thrown: unknown) => thrown)

    expect(error).toBeInstanceOf(Refusal)
    const text = failureText(error).replaceAll(root, '(project)')
    await expect(text).toMatchFileSnapshot('testdata/errors/ci-exists.txt')
    expect(await written()).toBe('mine')
  })

  test('knows what it does not know', async () => {
    const error = await initWithCi('githup', root, {}).catch((thrown: unknown) => thrown)

    await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/ci-unknown.txt')
    expect(await readdir(root)).not.toContain('.github')
  })
})

test('without a hawser.yaml, that is written first', async () => {
  await writeFile(
    join(root, 'package.json'),
    '{ "name": "tool", "version": "1.0.0", "description": "A tool." }',
  )

  const made = await initWithCi('github', root, {})

  expect(made.map((one) => one.path)).toEqual([join(root, 'hawser.yaml'), join(root, path)])
})
