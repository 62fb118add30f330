import { parseDocument } from 'yaml'
import type { Json, JsonObject } from '../../lib/json.ts'
import { canonicalArchitecture } from '../../packages/architecture.ts'
import { isJsonObject } from '../json-object.ts'
import { type FactReader, type Facts, fieldsOf, type ProjectFolder, readText, textIn } from './facts.ts'

const nfpmFiles = ['nfpm.yaml', 'nfpm.yml', '.nfpm.yaml', 'packaging/nfpm.yaml']
const goreleaserFiles = ['.goreleaser.yaml', '.goreleaser.yml', 'goreleaser.yaml', 'goreleaser.yml']

/** nfpm's own file. */
export const fromNfpm: FactReader = async (project) => {
  const found = await firstYaml(project, nfpmFiles)
  if (found === undefined) return {}
  const facts = packageFacts(found.document, found.path)
  const name = textIn(found.document['name'])
  return { ...facts, ...(name === undefined ? {} : { project: name }) }
}

/** GoReleaser: its `nfpms` section has nfpm's keys; targets and the name come from the rest. */
export const fromGoreleaser: FactReader = async (project) => {
  const found = await firstYaml(project, goreleaserFiles)
  if (found === undefined) return {}
  const { document, path } = found
  const [first, second] = listIn(document['nfpms'])
  const facts = isJsonObject(first) ? packageFacts(first, path) : {}
  const architectures = architecturesOf(document)
  const name = textIn(document['project_name'])
  return {
    ...facts,
    ...(name === undefined ? {} : { project: name }),
    fields: fieldsOf({ ...facts.fields, architectures }),
    notes: [
      ...(facts.notes ?? []),
      ...(second === undefined ? [] : [`${path} has several packages; only the first was taken over.`]),
    ],
  }
}

async function firstYaml(
  project: ProjectFolder,
  paths: readonly string[],
): Promise<{ readonly document: JsonObject; readonly path: string } | undefined> {
  for (const path of paths) {
    const text = await readText(project, path)
    if (text === undefined) continue
    const document = parseDocument(text, { prettyErrors: false })
    const value: unknown = document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 })
    return { document: isJsonObject(value) ? value : {}, path }
  }
  return undefined
}

function packageFacts(nfpm: JsonObject, path: string): Facts {
  const notes = [`Package fields were taken from ${path}; compare them.`]
  const text = (key: string) => translated(textIn(nfpm[key]), `${key} of ${path}`, notes)
  const description = text('description')
  const scripts = scriptsOf(nfpm['scripts'])
  const overrides = isJsonObject(nfpm['overrides']) ? nfpm['overrides'] : {}
  const byFormat = Object.entries(overrides).flatMap(([format, one]): [string, Json][] =>
    isJsonObject(one)
      ? [[format, fieldsOf({ ...relationsOf(one), scripts: scriptsOf(one['scripts']) })]]
      : [],
  )
  return {
    fields: fieldsOf({
      summary: text('summary') ?? description?.split('\n')[0]?.replace(/\.$/, ''),
      description,
      maintainer: text('maintainer'),
      vendor: text('vendor'),
      homepage: text('homepage'),
      license: text('license'),
      section: text('section'),
      priority: text('priority'),
      architectures: archOf(textIn(nfpm['arch'])),
      contents: listIn(nfpm['contents']).flatMap((entry) => contentOf(entry, path, notes)),
      ...relationsOf(nfpm),
      scripts,
      overrides: Object.fromEntries(
        byFormat.filter(([, one]) => isJsonObject(one) && Object.keys(one).length > 0),
      ),
    }),
    notes,
  }
}

/** Go templates and shell variables that have a reference here; other texts with templates are left out. */
function translated(text: string | undefined, what: string, notes: string[]): string | undefined {
  const known = text
    ?.replace(/\{\{\s*\.(?:Version|Tag)\s*\}\}|\$\{?(?:VERSION|SEMVER)\b\}?/g, () => '${version}')
    .replace(/\{\{\s*\.Arch\s*\}\}|\$\{?(?:ARCH|GOARCH)\b\}?/g, () => '${arch}')
    .replace(/\{\{\s*\.(?:ProjectName|PackageName)\s*\}\}/g, () => '${project}')
  const isOpen = known !== undefined && /\{\{|\$\{(?!version\}|arch\}|project\})/.test(known)
  if (!isOpen) return known
  notes.push(`The ${what} uses a template that has no counterpart, and was left out.`)
  return undefined
}

const relationNames = ['depends', 'recommends', 'suggests', 'conflicts', 'provides', 'replaces'] as const

/** nfpm's relations are Debian's: `libc6 (>= 2.17)` is understood as it is. */
const relationsOf = (nfpm: JsonObject): { readonly [field: string]: Json } =>
  fieldsOf(
    Object.fromEntries(
      relationNames.map((name) => [name, listIn(nfpm[name]).filter((one) => typeof one === 'string')]),
    ),
  )

const scriptNames = {
  preinstall: 'preInstall',
  postinstall: 'postInstall',
  preremove: 'preRemove',
  postremove: 'postRemove',
} as const

function scriptsOf(scripts: Json | undefined): JsonObject {
  if (!isJsonObject(scripts)) return {}
  const pairs = Object.entries(scriptNames).map(([theirs, ours]) => [ours, textIn(scripts[theirs])])
  return fieldsOf(Object.fromEntries(pairs))
}

function contentOf(entry: Json, path: string, notes: string[]): readonly Json[] {
  if (!isJsonObject(entry)) return []
  const to = translated(textIn(entry['dst']), `a target in ${path}`, notes)
  const from = translated(textIn(entry['src']), `a file in ${path}`, notes)
  const type = textIn(entry['type']) ?? 'file'
  const only = textIn(entry['packager'])
  if (to === undefined) return []
  if (only !== undefined) {
    notes.push(`"${to}" is only for ${only} in ${path}; move it to "overrides".`)
    return []
  }
  const made = typedContent(type, from, to)
  if (made === undefined) notes.push(`"${to}" has the type "${type}" in ${path}, which was not taken over.`)
  return made === undefined
    ? []
    : [fieldsOf({ ...made, ...(type === 'symlink' ? {} : ownership(entry['file_info'])) })]
}

function typedContent(
  type: string,
  from: string | undefined,
  to: string,
): { [key: string]: Json } | undefined {
  if (type === 'dir') return { directory: to }
  if (type === 'ghost') return { ghost: to }
  if (from === undefined) return undefined
  if (type === 'symlink') return { symlink: to, target: from }
  if (type === 'file') return { from, to }
  // A tree is every file below a folder.
  if (type === 'tree') return { from: `${from.replace(/\/$/, '')}/**`, to: `${to.replace(/\/$/, '')}/` }
  const [, finer] = /^config(?:\|(noreplace|missingok))?$/.exec(type) ?? [undefined, undefined]
  return type.startsWith('config') ? { from, to, config: finer ?? true } : undefined
}

function ownership(info: Json | undefined): { readonly [key: string]: Json } {
  if (!isJsonObject(info)) return {}
  const { mode, owner, group } = info
  return fieldsOf({
    // In YAML 1.2, which the parser follows, 0644 is the decimal number 644.
    mode: typeof mode === 'number' ? `0${mode.toString().replace(/^0+/, '')}` : undefined,
    owner: textIn(owner),
    group: textIn(group),
  })
}

const archOf = (arch: string | undefined): readonly string[] => {
  const canonical = arch === undefined ? undefined : canonicalArchitecture(arch)
  return canonical === undefined ? [] : [canonical]
}

/** Of the builds for Linux. */
function architecturesOf({ builds }: JsonObject): readonly string[] {
  const words = listIn(builds).flatMap((build) => (isJsonObject(build) ? listIn(build['goarch']) : []))
  const found = words.flatMap((word) => (typeof word === 'string' ? archOf(word) : []))
  // GoReleaser builds for these when nothing is said.
  return found.length > 0 ? [...new Set(found)] : ['amd64', 'arm64']
}

const listIn = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
