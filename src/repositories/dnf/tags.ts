import { xmlElement } from './xml-escape.ts'

/** `<tags>` of repomd.xml: what a repository says of itself to dnf and zypper. */
export interface RepositoryTags {
  readonly content: readonly string[]
  readonly repo: readonly string[]
  readonly distro: readonly { readonly name: string; readonly cpeid?: string | undefined }[]
}

/** The elements of repomd.xml beside revision and records, with our tags in `<tags>`; those that are there stay. */
export function withTags(
  others: readonly { readonly name: string; readonly raw: string }[],
  tags: RepositoryTags,
): string[] {
  const own = [
    ...tags.content.map((text) => xmlElement('content', text)),
    ...tags.repo.map((text) => xmlElement('repo', text)),
    ...tags.distro.map(({ name, cpeid }) => xmlElement('distro', name, { cpeid })),
  ]
  const existing = others.find(({ name }) => name === 'tags')
  const missing = own.filter((element) => existing?.raw.includes(element) !== true)
  if (missing.length === 0) return others.map(({ raw }) => raw)
  const lines = missing.map((element) => `    ${element}\n`).join('')
  if (existing === undefined) return [...others.map(({ raw }) => raw), `<tags>\n${lines}  </tags>`]
  return others.map((element) => (element === existing ? extended(element.raw, lines) : element.raw))
}

function extended(raw: string, lines: string): string {
  const end = raw.lastIndexOf('</tags>')
  if (end === -1) return `<tags>\n${lines}  </tags>`
  return `${raw.slice(0, end).trimEnd()}\n${lines}  ${raw.slice(end)}`
}
