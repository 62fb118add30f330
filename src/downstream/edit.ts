import { z } from 'zod'

/** A path inside the repository that is edited. */
export const repositoryPath = z
  .string()
  .regex(
    /^(?!\/)(?!(?:.*\/)?\.{1,2}(?:\/|$))[^\0]+$/,
    'Write a path inside the repository, such as config/scan.yaml',
  )

/** No line end: an edit never changes how many lines a file has. */
const oneLine = z.string().regex(/^[^\r\n]+$/, 'Write one line')

/** Package → format → its version there, as that format's tools print it. */
export const packageVersions = z.record(z.string(), z.record(z.string(), oneLine))
export type PackageVersions = z.output<typeof packageVersions>

/** For people: where the edit is declared, such as `consumers.kismatic.edits[1]`. */
const name = z.string().min(1)

const yamlEdit = z.strictObject({
  kind: z.literal('yaml'),
  name,
  file: repositoryPath,
  /** Path of the value, such as `a.b[0].c` → what it is to be. */
  values: z.record(z.string(), oneLine),
})

const versionsEdit = z.strictObject({
  kind: z.literal('versions'),
  name,
  files: z.array(repositoryPath).min(1),
  /** Regular expression with `${version}`, `${name}` where there are packages, and `${variant}` where there are variants. */
  pattern: z.string().min(1),
  /** Each has to be found. */
  targets: z
    .array(
      z.strictObject({ package: z.string().optional(), variant: z.string().optional(), version: oneLine }),
    )
    .min(1),
})

const mentionsEdit = z.strictObject({
  kind: z.literal('mentions'),
  name,
  /** Paths or globs. */
  files: z.array(repositoryPath).min(1),
  packages: packageVersions,
})

/** One change of another repository's files, with every value known: plain data, as plans have it. */
export const edit = z.discriminatedUnion('kind', [yamlEdit, versionsEdit, mentionsEdit])
export type Edit = z.output<typeof edit>
export type YamlEdit = z.output<typeof yamlEdit>
export type VersionsEdit = z.output<typeof versionsEdit>
export type MentionsEdit = z.output<typeof mentionsEdit>
