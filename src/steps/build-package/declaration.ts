import { z } from 'zod'
import { choice } from '../choice.ts'

const owned = { owner: z.string(), group: z.string() }

/** A member of a package as declared: patterns are not expanded yet, everything else is decided. */
const content = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('file'),
    /** A path or glob: in the source before the colon when that is the name of one, else in the project. */
    from: z.string(),
    /** An absolute path; a folder when it ends in `/`. */
    to: z.string(),
    /** Undefined: 0755 when the original is executable, else 0644. */
    mode: z.number().int().optional(),
    role: z.enum(['plain', 'config', 'config-noreplace', 'config-missingok', 'doc', 'license']),
    ...owned,
  }),
  z.object({ type: z.literal('directory'), to: z.string(), mode: z.number().int(), ...owned }),
  z.object({ type: z.literal('symlink'), to: z.string(), target: z.string(), ...owned }),
  z.object({ type: z.literal('ghost'), to: z.string(), mode: z.number().int(), ...owned }),
])

/** Repositories whose keys the package installs. */
const keyring = z.object({
  repositories: z.array(
    z.object({
      name: z.string(),
      format: choice,
      keys: z.array(choice),
      /** `file:PATH` or `env:NAME`. */
      acceptedKeys: z.array(z.string()),
      /** Present: the file that makes a system use the repository is installed, too. */
      url: z.string().exactOptional(),
    }),
  ),
})

export const versionParts = z.object({
  epoch: z.number().int(),
  declared: z.string(),
  build: z.string(),
  scheme: z.string(),
})

/** All of these, each any of these. */
const relationList = z.array(
  z.array(
    z.object({
      name: z.string(),
      operator: z.enum(['=', '<', '<=', '>', '>=']).exactOptional(),
      version: z.union([z.string(), versionParts]).exactOptional(),
    }),
  ),
)

export const relations = z.object({
  depends: relationList,
  preDepends: relationList,
  recommends: relationList,
  suggests: relationList,
  enhances: relationList,
  conflicts: relationList,
  breaks: relationList,
  provides: relationList,
  replaces: relationList,
  obsoletes: relationList,
})

const changelogEntry = z.object({
  version: z.string(),
  author: z.string(),
  date: z.number().int(),
  changes: z.array(z.string()),
})

/** One package for one format and architecture, as config/ resolves it. Paths are relative to the project. */
export const packageDeclaration = z.object({
  name: z.string(),
  version: versionParts,
  architecture: z.string(),
  summary: z.string(),
  description: z.string(),
  maintainer: z.string(),
  vendor: z.string().optional(),
  homepage: z.string().optional(),
  license: z.string(),
  section: z.string(),
  priority: z.string(),
  distribution: z.string().optional(),
  relations,
  contents: z.array(content),
  keyring: keyring.exactOptional(),
  /** Script name → path of its file. */
  scripts: z.object({
    preInstall: z.string().exactOptional(),
    postInstall: z.string().exactOptional(),
    preRemove: z.string().exactOptional(),
    postRemove: z.string().exactOptional(),
    preTransaction: z.string().exactOptional(),
    postTransaction: z.string().exactOptional(),
  }),
  triggers: z.array(
    z.object({
      kind: z.enum([
        'interest',
        'interest-noawait',
        'activate',
        'activate-noawait',
        'trigger-in',
        'trigger-un',
        'trigger-postun',
      ]),
      on: z.string(),
      /** Path of its file. */
      script: z.string().exactOptional(),
    }),
  ),
  systemd: z.array(
    z.object({
      /** Path of the unit file; written as `from` is. */
      unit: z.string(),
      enable: z.boolean(),
      start: z.boolean(),
      restartAfterUpgrade: z.boolean(),
    }),
  ),
  changelog: z.discriminatedUnion('from', [
    /** A file in the form of debian/changelog. */
    z.object({ from: z.literal('file'), path: z.string() }),
    z.object({ from: z.literal('entries'), entries: z.array(changelogEntry) }),
  ]),
  compression: z.object({ kind: z.enum(['gzip', 'xz', 'zstd', 'none']), level: z.number().int() }),
  fields: z.record(z.string(), z.string()),
})

export type PackageDeclaration = z.infer<typeof packageDeclaration>
export type ContentDeclaration = PackageDeclaration['contents'][number]
