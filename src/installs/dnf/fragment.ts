import { parseAttributes, XmlScanner } from '../../repositories/dnf/xml-scanner.ts'
import type { InstallRelation, RelationOperator } from '../install-resolver.ts'

/** What a `<package>` of the primary index says of itself. */
export interface PrimaryFragment {
  readonly epoch: string
  readonly version: string
  readonly release: string
  readonly relations: { readonly [kind in RelationKind]: readonly InstallRelation[] }
  /** Absolute paths: those that the primary index lists. */
  readonly files: readonly string[]
}

const kinds = [
  'provides',
  'requires',
  'conflicts',
  'obsoletes',
  'recommends',
  'suggests',
  'supplements',
  'enhances',
] as const
export type RelationKind = (typeof kinds)[number]

const operators: { readonly [flags: string]: RelationOperator | undefined } = {
  EQ: '=',
  LT: '<',
  LE: '<=',
  GT: '>',
  GE: '>=',
}

export function readFragment(bytes: Uint8Array): PrimaryFragment {
  const relations = Object.fromEntries(kinds.map((kind) => [kind, [] as InstallRelation[]])) as {
    [kind in RelationKind]: InstallRelation[]
  }
  const files: string[] = []
  let evr = { epoch: '0', version: '', release: '' }
  let within: RelationKind | undefined
  let file: string | undefined
  const scanner = new XmlScanner({
    open(name, attributes, depth) {
      if (depth === 2 && name === 'version') {
        const { epoch = '0', ver = '', rel = '' } = parseAttributes(attributes)
        evr = { epoch: epoch === '' ? '0' : epoch, version: ver, release: rel }
      }
      if (depth === 3) {
        within = kinds.find((kind) => name === `rpm:${kind}`)
        file = name === 'file' ? '' : undefined
      }
      if (depth === 4 && within !== undefined) relations[within].push(relationOf(parseAttributes(attributes)))
    },
    get wantsText() {
      return file !== undefined
    },
    text(text) {
      if (file !== undefined) file += text
    },
    close(depth) {
      if (depth !== 3) return
      if (file !== undefined && file !== '') files.push(file)
      file = undefined
      within = undefined
    },
  })
  scanner.write(Buffer.from(bytes).toString('utf8'))
  return { ...evr, relations, files }
}

function relationOf({
  name = '',
  flags,
  epoch,
  ver,
  rel,
}: Readonly<Record<string, string>>): InstallRelation {
  const operator = flags === undefined ? undefined : operators[flags]
  if (operator === undefined || ver === undefined) return { name }
  const prefix = epoch === undefined || epoch === '0' || epoch === '' ? '' : `${epoch}:`
  return { name, operator, version: `${prefix}${ver}${rel === undefined ? '' : `-${rel}`}` }
}
