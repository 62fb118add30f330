import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { buildKustomization, type KustomizeTool } from '../../src/module/render/kustomize.ts'
import { plainManifest, recordedPath, renderCases } from '../../src/module/testdata/render-cases.ts'
import { writeYaml } from '../../src/module/yaml-text.ts'

const top = mkdtempSync(join(tmpdir(), 'hawser-kustomize-'))
afterAll(() => rmSync(top, { recursive: true }))

// No Debian package has kustomize 5; where it is installed, what is recorded is compared with it.
const tool = installedTool()
const whereInstalled = test.runIf(tool !== undefined)

whereInstalled.each(renderCases)('kustomize still makes what is recorded: $name', async (one) => {
  const folder = folderWith(`case-${one.name}`, { resources: ['plain.yaml'], ...one.kustomization })
  writeFileSync(join(folder, 'plain.yaml'), plainManifest)

  const made = await buildKustomization({ folder, tool: tool ?? 'kustomize', environment: process.env })

  await expect(made.toString()).toMatchFileSnapshot(recordedPath(one.name))
})

whereInstalled('a kustomization that fails says why', async () => {
  const folder = folderWith('broken', { resources: ['absent.yaml'] })

  const text = await failure(folder, process.env, tool)

  expect(text).toContain('KUSTOMIZE_FAILED: ')
  expect(text).toContain('absent.yaml')
})

test('a program that is not installed is named, with the way out', async () => {
  const folder = folderWith('no-program', { resources: [] })

  const text = await failure(folder, { PATH: folder }, 'kustomize')

  expect(text).toContain('KUSTOMIZE_ABSENT: "kustomize" cannot be started')
  expect(text).toContain('give a rendered manifest')
})

function folderWith(name: string, kustomization: object): string {
  const folder = join(top, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'kustomization.yaml'), writeYaml(kustomization))
  return folder
}

const failure = async (folder: string, environment: NodeJS.ProcessEnv, tool: KustomizeTool = 'kustomize') =>
  failureText(await buildKustomization({ folder, tool, environment }).catch((error: unknown) => error))

function installedTool(): KustomizeTool | undefined {
  const versions = { kustomize: ['version'], kubectl: ['version', '--client'] } as const
  return (['kustomize', 'kubectl'] as const).find((program) => {
    try {
      const text = execFileSync(program, versions[program], { encoding: 'utf8', stdio: 'pipe' })
      return /\bv5\.\d+\.\d+/.test(text)
    } catch {
      // Not installed, or not this version.
      return false
    }
  })
}
