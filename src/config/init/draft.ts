import { stringify } from 'yaml'
import type { Json } from '../../lib/json.ts'
import { isJsonObject } from '../json-object.ts'
import type { ConfigKinds, Kind } from '../kinds.ts'
import type { PackageFields } from './facts.ts'

/** What becomes the file. */
export interface Draft {
  readonly project: string
  /** Of the package. */
  readonly name: string
  readonly fields: PackageFields
  readonly tag?: string
}

/** The file with comments that say what each part is for. The kinds and their examples come from the lists. */
export function renderDraft(draft: Draft, kinds: ConfigKinds): string {
  const { project, name, fields, tag } = draft
  const parts = [
    '# yaml-language-server: $schema=./node_modules/hawser/schema.json',
    '# What a release of this project is. "hawser check" says what is wrong with this file, "hawser plan VERSION" what a',
    '# release would do. Every key is described in docs/configuration.md of Hawser.',
    yaml({ project }),
    '# Files from elsewhere come from pinned sources, and are named in "contents" as SOURCE:PATH. Each kind once:',
    comment(yaml({ sources: examplesOf(kinds.sources) })),
    '# Keys that sign. The secret itself never stands here; "hawser key" makes a key.',
    yaml({ keys: { release: keyOf(kinds) } }),
    '# Packages are built in every format that a repository below holds.',
    yaml({ packages: { [name]: packageOf(fields, name) } }),
    ...(hasContents(fields)
      ? []
      : [comment(yaml({ contents: [{ from: `build/${name}`, to: `/usr/bin/${name}`, mode: '0755' }] }))]),
    '# Signed repositories, here in folders; a web server can serve them as they are.',
    yaml({ repositories: repositoriesOf(kinds) }),
    '# The release: a tag, the packages as assets, and their checksums.',
    yaml({ release: { tag: tag ?? '${version}' } }),
  ]
  return `${parts.join('\n')}`.replace(/\n*$/, '\n')
}

const yaml = (value: unknown): string => `${stringify(value, { lineWidth: 0, singleQuote: true })}`

const comment = (text: string): string =>
  `${text
    .trimEnd()
    .split('\n')
    .map((line) => `# ${line}`)
    .join('\n')}\n`

const order = [
  'summary',
  'description',
  'maintainer',
  'vendor',
  'homepage',
  'license',
  'section',
  'priority',
  'architectures',
  'contents',
]

function packageOf(fields: PackageFields, name: string): Json {
  const keys = [
    ...order.filter((key) => fields[key] !== undefined),
    ...Object.keys(fields).filter((key) => !order.includes(key)),
  ]
  return Object.fromEntries(keys.map((key) => [key, named(fields[key] ?? null, name)]))
}

/** The package's name where only its place was known. */
function named(value: Json, name: string): Json {
  if (typeof value === 'string') return value.replaceAll('%NAME%', name)
  if (Array.isArray(value)) return value.map((item) => named(item, name))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, named(member, name)]))
}

const hasContents = ({ contents }: PackageFields): boolean => Array.isArray(contents) && contents.length > 0

/** One of each kind, under the name of the kind. */
const examplesOf = (kinds: readonly Kind[]): unknown =>
  Object.fromEntries(kinds.map(({ name, example }) => [name, { [name]: example }]))

/** The first kind of signer, with the key in a file of the project where its options allow it. */
function keyOf({ signers }: ConfigKinds): unknown {
  const [first] = signers
  if (first === undefined) return {}
  return { [first.name]: suited(first, { key: 'file:.hawser/keys/release.asc' }) }
}

function repositoriesOf({ repositories, storages }: ConfigKinds): unknown {
  const [storage] = storages
  if (storage === undefined) return {}
  const made = repositories.map((kind) => [
    kind.name,
    {
      [kind.name]: kind.example,
      storage: { [storage.name]: suited(storage, { path: `.hawser/repositories/${kind.name}` }) },
      keys: ['release'],
    },
  ])
  return Object.fromEntries(made)
}

/** Our options where the kind takes them, else its own example. */
const suited = (kind: Kind, options: object): unknown =>
  kind.options.safeParse(options).success ? options : kind.example
