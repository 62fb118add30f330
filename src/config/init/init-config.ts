import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Finding, pathText } from '../finding.ts'
import { isJsonObject } from '../json-object.ts'
import type { ConfigKinds } from '../kinds.ts'
import { parseConfig } from '../parse-config.ts'
import { lookIn } from '../project-files.ts'
import { configKinds } from '../providers.ts'
import { type Draft, renderDraft } from './draft.ts'
import { type FactReader, type Facts, type PackageFields, type ProjectFolder, readText } from './facts.ts'
import { fromBinaries } from './from-binaries.ts'
import { fromCargo } from './from-cargo.ts'
import { fromDebian } from './from-debian.ts'
import { fromDocuments } from './from-documents.ts'
import { fromGit } from './from-git.ts'
import { fromGo } from './from-go.ts'
import { fromGoreleaser, fromNfpm } from './from-nfpm.ts'
import { fromPackageJson } from './from-package-json.ts'
import { fromSpec } from './from-spec.ts'

export interface InitialConfig {
  /** A commented hawser.yaml without findings. */
  readonly text: string
  /** For people: what was found, what to look at. */
  readonly notes: readonly string[]
}

export interface InitOptions {
  readonly environment?: ProjectFolder['environment']
  readonly kinds?: ConfigKinds
}

/** Who packages already knows best; then who builds; then what stands beside. The first to say a field wins. */
const readers: readonly FactReader[] = [
  fromNfpm,
  fromGoreleaser,
  fromDebian,
  fromSpec,
  fromPackageJson,
  fromCargo,
  fromGo,
  fromGit,
  fromDocuments,
]

/** Each round leaves out at least one field. */
const roundsMax = 50

/** Looks at the project and drafts a hawser.yaml that `check` accepts as it is. Writes nothing. */
export async function initConfig(root: string, options: InitOptions = {}): Promise<InitialConfig> {
  const { environment = {}, kinds = configKinds } = options
  const project = { root, environment }
  if ((await readText(project, 'hawser.yaml')) !== undefined) {
    throw new UserError('INIT_EXISTS', 'There is a hawser.yaml already.', {
      hint: 'Nothing was written. Run "hawser check" to see whether it is right.',
    })
  }
  const notes: string[] = []
  let draft = await draftOf(project, notes)
  for (let round = 0; round < roundsMax; round++) {
    const text = renderDraft(draft, kinds)
    const { findings } = await parseConfig(kinds, { text, file: 'hawser.yaml', look: lookIn(root) })
    const [first] = findings
    if (first === undefined) return { text, notes }
    // What other tools accept may be wrong here: it is left out, and people hear of it.
    draft = without(draft, first)
    notes.push(`Left out: ${first.path}. ${first.message}`)
  }
  throw new Error('Leaving out every field leaves a valid file')
}

async function draftOf(project: ProjectFolder, notes: string[]): Promise<Draft> {
  const all: Facts[] = []
  for (const read of readers) all.push(await read(project))
  const binaries = await fromBinaries(project)
  for (const { notes: said = [] } of [...all, binaries]) notes.push(...said)
  const found = Object.assign({}, ...[...all].reverse().map(({ fields }) => fields)) as PackageFields // of PackageFields
  const name = packageNameOf(
    all.find((facts) => facts.project !== undefined)?.project ?? basename(project.root),
  )
  const fields = {
    ...placeholders(found, notes),
    ...found,
    ...withBinaries(found, binaries.fields ?? {}, notes),
  }
  const tag = all.find((facts) => facts.tag !== undefined)?.tag
  return { project: name, name, fields, ...(tag === undefined ? {} : { tag }) }
}

/** Names of packages are the narrower ones: deb-control(5). */
function packageNameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9+.-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
  return name.length < 2 ? 'my-project' : name
}

/** What nothing in the project says, so that the file can be checked; people replace it. */
function placeholders(found: PackageFields, notes: string[]): PackageFields {
  const missing: Record<string, string> = {}
  const take = (field: string, value: string, note: string) => {
    if (found[field] !== undefined) return
    missing[field] = value
    notes.push(note)
  }
  take('summary', 'One line that says what it is', 'Nothing says what the project is: write the summary.')
  take('maintainer', 'Your Name <you@example.org>', 'Nothing says who maintains it: write the maintainer.')
  take('license', 'LicenseRef-Unknown', 'The licence was not recognised: write it as an SPDX expression.')
  return missing
}

/** What was built says more of contents and architectures than descriptions, unless another tool packages already. */
function withBinaries(found: PackageFields, built: PackageFields, notes: string[]): PackageFields {
  const declared = Array.isArray(found['contents']) ? found['contents'] : []
  const isPackaged = declared.some(
    (entry) => isJsonObject(entry) && !('license' in entry) && !('doc' in entry),
  )
  if (isPackaged) return { architectures: found['architectures'] ?? built['architectures'] ?? ['amd64'] }
  if (built['architectures'] === undefined) {
    notes.push(
      'No built program was found: say in "contents" what is installed, and for which architectures.',
    )
    return { architectures: found['architectures'] ?? ['all'] }
  }
  const programs = Array.isArray(built['contents']) ? built['contents'] : []
  return { ...built, contents: [...programs, ...declared] }
}

/** The draft without the part that a finding is about. */
function without(draft: Draft, { path }: Finding): Draft {
  const [, rest = ''] = path.split(`${pathText(['packages', draft.name])}.`)
  const [, field, index] = /^([A-Za-z]+)(?:\[(\d+)\])?/.exec(rest) ?? []
  if (field === undefined || draft.fields[field] === undefined) {
    throw new Error(`The drafted file has a finding outside of its package: ${path}`)
  }
  const value = draft.fields[field]
  const { [field]: _left, ...others } = draft.fields
  if (index === undefined || !Array.isArray(value)) return { ...draft, fields: withUsual(field, others) }
  return { ...draft, fields: { ...others, [field]: value.filter((_, at) => at !== Number(index)) } }
}

/** Required fields come back with what is always right. */
function withUsual(field: string, fields: PackageFields): PackageFields {
  const architectures = field === 'architectures' ? { architectures: ['all'] } : {}
  return { ...placeholders(fields, []), ...architectures, ...fields }
}
