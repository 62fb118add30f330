import type { RpmDependency } from '../../packages/rpm/dependency.ts'
import type { RpmFile } from '../../packages/rpm/read.ts'
import { xmlAttributes } from './xml-escape.ts'

/** Kinds in the order in which createrepo_c writes them. */
const kinds = [
  'provides',
  'requires',
  'conflicts',
  'obsoletes',
  'suggests',
  'enhances',
  'recommends',
  'supplements',
] as const

// The words of `rpm:entry flags`, by rpm's bits for less (2), greater (4) and equal (8).
const comparisons = new Map([
  [2, 'LT'],
  [4, 'GT'],
  [8, 'EQ'],
  [10, 'LE'],
  [12, 'GE'],
])

// Bits of a requirement, rpm's rpmsenseFlags: PREREQ, SCRIPT_PRE and SCRIPT_POST; MISSINGOK is a weak dependency of old.
const preFlags = (1 << 6) | (1 << 9) | (1 << 10)
const missingOkFlag = 1 << 19

type DependencyFacts = Pick<RpmFile, 'dependencies' | 'files'>

interface Dependency {
  readonly name: string
  readonly comparison: string | undefined
  readonly evr: Evr
  readonly pre: boolean
}

interface Evr {
  readonly epoch?: string
  readonly version?: string
  readonly release?: string
}

export function renderDependencies(rpm: DependencyFacts): string {
  const weakOfOld = rpm.dependencies.requires.filter(({ flags }) => (flags & missingOkFlag) !== 0)
  const lists: Record<(typeof kinds)[number], readonly Dependency[]> = {
    provides: plain(rpm.dependencies.provides),
    requires: requirements(rpm),
    conflicts: plain(rpm.dependencies.conflicts),
    obsoletes: plain(rpm.dependencies.obsoletes),
    suggests: plain(rpm.dependencies.suggests),
    enhances: plain(rpm.dependencies.enhances),
    recommends: plain([...weakOfOld, ...rpm.dependencies.recommends]),
    supplements: plain(rpm.dependencies.supplements),
  }
  return kinds.map((kind) => renderList(kind, lists[kind])).join('')
}

function renderList(kind: string, list: readonly Dependency[]): string {
  if (list.length === 0) return ''
  const entries = list.map((dependency) => `      <rpm:entry${attributesOf(dependency)}/>\n`)
  return `    <rpm:${kind}>\n${entries.join('')}    </rpm:${kind}>\n`
}

function attributesOf({ name, comparison, evr, pre }: Dependency): string {
  const { epoch, version, release } = comparison === undefined ? {} : evr
  return xmlAttributes({
    name,
    flags: comparison,
    epoch,
    ver: version,
    rel: release,
    pre: pre ? '1' : undefined,
  })
}

function plain(list: readonly RpmDependency[]): Dependency[] {
  return list.flatMap((dependency) => decode(dependency, false) ?? [])
}

/** Undefined when the epoch is no number: createrepo_c leaves such a dependency out, since no client can read it. */
function decode({ name, flags, version }: RpmDependency, pre: boolean): Dependency | undefined {
  const evr = splitEvr(version)
  if (evr === undefined || name === '') return undefined
  return { name, comparison: comparisons.get(flags & 0xf), evr, pre }
}

function splitEvr(text: string): Evr | undefined {
  if (text === '') return {}
  const [, epoch = '', rest = ''] = /^(?:([^:]*):)?(.*)$/s.exec(text) ?? []
  if (!/^\d*$/.test(epoch)) return undefined
  const [, version = '', release = ''] = /^([^-]*)(?:-(.*))?$/s.exec(rest) ?? []
  return {
    epoch: epoch || '0',
    ...(version === '' ? {} : { version }),
    ...(release === '' ? {} : { release }),
  }
}

/**
 * What createrepo_c leaves of the requirements: no rpmlib features, none of the package's own primary files, nothing
 * that it provides itself, no repetition of the last entry of a name, and of glibc's symbol versions only the highest.
 */
function requirements(rpm: DependencyFacts): Dependency[] {
  const ownFiles = new Set(rpm.files.map(({ path }) => path).filter(isPrimaryFile))
  const provided = new Set(rpm.dependencies.provides.map(keyOf))
  const lastOfName = new Map<string, string>()
  const kept: Dependency[] = []
  let libc: Dependency | undefined
  for (const requirement of rpm.dependencies.requires) {
    const { name, flags } = requirement
    if (name.startsWith('rpmlib(') || ownFiles.has(name) || provided.has(keyOf(requirement))) continue
    const pre = (flags & preFlags) !== 0
    const key = `${keyOf(requirement)}${pre ? ' pre' : ''}`
    if (lastOfName.get(name) === key || (flags & missingOkFlag) !== 0) continue
    const dependency = decode(requirement, pre)
    if (dependency === undefined) continue
    if (name.startsWith('libc.so.6')) {
      libc = libc === undefined || isHigherLibc(name, libc.name) ? dependency : libc
      continue
    }
    lastOfName.set(name, key)
    kept.push(dependency)
  }
  return libc === undefined ? kept : [...kept, libc]
}

/** Files that go into primary.xml: every client knows these without the big filelists. */
export function isPrimaryFile(path: string): boolean {
  return path.startsWith('/etc/') || path.includes('bin/') || path === '/usr/lib/sendmail'
}

const keyOf = ({ name, flags, version }: RpmDependency): string =>
  `${name}\0${comparisons.get(flags & 0xf) ?? ''}\0${version}`

function isHigherLibc(name: string, than: string): boolean {
  const [a, b] = [libcVersion(name), libcVersion(than)]
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? -1) - (b[index] ?? -1)
    if (difference !== 0) return difference > 0
  }
  return false
}

/** `libc.so.6(GLIBC_2.34)(64bit)` → [2, 34]; empty without a version. */
function libcVersion(name: string): number[] {
  const [, symbol = ''] = /\(([^)]*)\)/.exec(name) ?? []
  const [version] = /\d.*/.exec(symbol) ?? []
  return version === undefined ? [] : version.split(/\D+/).map(Number)
}
