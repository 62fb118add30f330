import { z } from 'zod'
import type { ModuleDeclaration } from '../../module/module-declaration.ts'
import type { ManifestChanges } from '../../module/render/render-manifest.ts'

/** Checked by config/ and, wholly, by building; here it only has to survive as JSON. */
const asJson = <Value>() =>
  z.custom<Value>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))

export const moduleOptions = z.object({
  module: z.string(),
  declaration: asJson<ModuleDeclaration>(),
  manifest: z.object({
    from: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('files'), files: z.array(z.string()) }),
      z.object({ kind: z.literal('kustomize'), folder: z.string(), tool: z.enum(['kustomize', 'kubectl']) }),
    ]),
    changes: asJson<ManifestChanges>(),
  }),
  defaultCr: z.string().optional(),
  security: z.string().optional(),
  source: z.object({ repositoryUrl: z.string(), ref: z.string() }),
  assets: z.object({ manifest: z.string().optional(), defaultCr: z.string().optional() }),
})
export type ModuleOptions = z.infer<typeof moduleOptions>
