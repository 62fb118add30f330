import { z } from 'zod'
import { relations, versionParts } from '../build-package/declaration.ts'

/** What is said anew of finished packages of others, for one format and architecture; what is absent stays. */
export const repackageDeclaration = z.object({
  name: z.string(),
  /** Where each of them is: `SOURCE:PATTERN`, or a path in the project. */
  from: z.array(z.string()).min(1),
  version: versionParts.optional(),
  architecture: z.string(),
  summary: z.string().optional(),
  description: z.string().optional(),
  maintainer: z.string().optional(),
  vendor: z.string().optional(),
  homepage: z.string().optional(),
  license: z.string().optional(),
  section: z.string().optional(),
  priority: z.string().optional(),
  relations,
  fields: z.record(z.string(), z.string()),
})

export type RepackageDeclaration = z.infer<typeof repackageDeclaration>
