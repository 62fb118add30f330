import type { PackageChanges } from '../../src/packages/package-changes.ts'
import type { PackageFormat } from '../../src/packages/package-format.ts'
import { parseRelations } from '../../src/packages/relation.ts'

const none = {
  depends: [],
  preDepends: [],
  recommends: [],
  suggests: [],
  enhances: [],
  conflicts: [],
  breaks: [],
  provides: [],
  replaces: [],
  obsoletes: [],
} as const

export const changes: PackageChanges = {
  name: 'kismatic-docker-engine',
  version: undefined,
  architecture: 'amd64',
  summary: undefined,
  description: undefined,
  maintainer: undefined,
  vendor: undefined,
  homepage: undefined,
  license: undefined,
  section: undefined,
  priority: undefined,
  relations: none,
  fields: {},
}

/** What the Kismatic packages said anew of Docker's. */
export const words = {
  ...changes,
  summary: 'Docker and its dependencies',
  maintainer: 'Apprenda <info@apprenda.com>',
  vendor: 'Apprenda',
  homepage: 'https://apprenda.com/kismatic',
  license: 'Apache Software License 2.0',
  relations: {
    ...none,
    depends: parseRelations('bridge-utils'),
    provides: parseRelations('docker-engine = 1.11.2'),
    conflicts: parseRelations('docker-engine'),
    replaces: parseRelations('docker-engine'),
  },
}

export async function repackage(
  format: PackageFormat,
  originals: readonly string[],
  outputPath: string,
  said: PackageChanges = changes,
): Promise<string> {
  if (format.repackage === undefined) throw new Error(`${format.name} cannot repackage`)
  return (await format.repackage.build(originals, said, { outputPath })).fileName
}
