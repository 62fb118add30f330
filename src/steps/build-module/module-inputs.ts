import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { ModuleFile, ModuleInputs } from '../../module/module-declaration.ts'
import { buildKustomization } from '../../module/render/kustomize.ts'
import { renderManifest } from '../../module/render/render-manifest.ts'
import { readScanConfig } from '../../module/scan-config.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { matchFiles } from '../file-pattern.ts'
import type { Materials } from '../materials.ts'
import type { ModuleOptions } from './declaration.ts'

/** Everything that a module is made of, read; undefined when a file is not at hand. */
export async function moduleInputs(
  options: ModuleOptions,
  materials: Materials,
  context: StepContext,
): Promise<ModuleInputs | undefined> {
  const text = await manifestText(options, materials, context)
  const defaultCr = await optionalFile(options.defaultCr, materials)
  const security = await optionalFile(options.security, materials)
  if (text === undefined || defaultCr === 'later' || security === 'later') return undefined
  const name = options.assets.manifest ?? 'manifest.yaml'
  const rendered = renderManifest(text, name, options.manifest.changes)
  return {
    manifest: { name, bytes: Buffer.from(rendered) },
    ...(defaultCr !== undefined && { defaultCr }),
    ...(security !== undefined && {
      scan: readScanConfig(Buffer.from(security.bytes).toString('utf8'), options.security ?? ''),
    }),
    source: { ...options.source, commit: context.run.commit },
  }
}

async function manifestText(
  { manifest }: ModuleOptions,
  materials: Materials,
  { root, environment, signal }: StepContext,
): Promise<string | undefined> {
  const { from } = manifest
  if (from.kind === 'kustomize') {
    const folder = join(root, from.folder)
    return Buffer.from(await buildKustomization({ folder, tool: from.tool, environment, signal })).toString(
      'utf8',
    )
  }
  const texts: string[] = []
  for (const pattern of from.files) {
    const files = await filesOf(pattern, materials)
    if (files === undefined) return undefined
    texts.push(
      ...files.map(({ bytes }) =>
        Buffer.from(bytes)
          .toString('utf8')
          .replace(/^---\n/, '')
          .trimEnd(),
      ),
    )
  }
  return `${texts.join('\n---\n')}\n`
}

async function optionalFile(
  path: string | undefined,
  materials: Materials,
): Promise<ModuleFile | undefined | 'later'> {
  if (path === undefined) return undefined
  const files = await filesOf(path, materials)
  if (files === undefined) return 'later'
  const [file, second] = files
  if (file !== undefined && second === undefined) return file
  throw new UserError('MODULE_FILE', `"${path}" is ${files.length} files.`, { hint: 'Name a single file.' })
}

async function filesOf(pattern: string, materials: Materials): Promise<readonly ModuleFile[] | undefined> {
  const found = await matchFiles(pattern, materials)
  if (found === undefined) return undefined
  const files: ModuleFile[] = []
  for (const { file } of found) {
    // Looked at without fetching, a file that was never built with is not in the store.
    if (!(await materials.store.has(file.digest))) return undefined
    files.push({ name: basename(file.path), bytes: await readFile(materials.store.path(file.digest)) })
  }
  return files
}
