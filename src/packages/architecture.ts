/** One processor architecture: Debian's word is the canonical one, because it tells all of them apart. */
interface Architecture {
  readonly deb: string
  readonly rpm: string
  /** Words of other worlds for the same machine: Go, Node, OCI, uname. */
  readonly aliases: readonly string[]
  /** The mark that rpm puts on requirements of 64-bit libraries. */
  readonly is64Bit: boolean
}

/** Written once: canonical → each format's word. */
export const architectures = {
  all: { deb: 'all', rpm: 'noarch', aliases: ['any', 'noarch'], is64Bit: false },
  amd64: { deb: 'amd64', rpm: 'x86_64', aliases: ['x64', 'x86-64'], is64Bit: true },
  arm64: { deb: 'arm64', rpm: 'aarch64', aliases: ['armv8'], is64Bit: true },
  armel: { deb: 'armel', rpm: 'armv5tel', aliases: ['armv5'], is64Bit: false },
  armhf: { deb: 'armhf', rpm: 'armv7hl', aliases: ['arm', 'armv7', 'armv7l'], is64Bit: false },
  i386: { deb: 'i386', rpm: 'i686', aliases: ['386', 'i586', 'ia32', 'x86'], is64Bit: false },
  loong64: { deb: 'loong64', rpm: 'loongarch64', aliases: [], is64Bit: true },
  mips64el: { deb: 'mips64el', rpm: 'mips64el', aliases: ['mips64le'], is64Bit: true },
  ppc64: { deb: 'ppc64', rpm: 'ppc64', aliases: [], is64Bit: true },
  ppc64el: { deb: 'ppc64el', rpm: 'ppc64le', aliases: [], is64Bit: true },
  riscv64: { deb: 'riscv64', rpm: 'riscv64', aliases: [], is64Bit: true },
  s390x: { deb: 's390x', rpm: 's390x', aliases: [], is64Bit: true },
} as const satisfies Record<string, Architecture>

export type CanonicalArchitecture = keyof typeof architectures

const isCanonical = (word: string): word is CanonicalArchitecture => Object.hasOwn(architectures, word)

/** The canonical word of any known spelling (`x64`, `x86_64` → `amd64`); undefined when it is unknown. */
export function canonicalArchitecture(word: string): CanonicalArchitecture | undefined {
  const wanted = word.toLowerCase()
  if (isCanonical(wanted)) return wanted
  return Object.keys(architectures)
    .filter(isCanonical)
    .find((name) => {
      const { deb, rpm, aliases }: Architecture = architectures[name]
      return deb === wanted || rpm === wanted || aliases.includes(wanted)
    })
}

/** What is wrong with an architecture word, for the findings of every format; undefined when it is known. */
export function architectureFinding(word: string): { message: string; hint: string } | undefined {
  if (isCanonical(word)) return undefined
  const known = canonicalArchitecture(word)
  return {
    message: `The architecture "${word}" is not known.`,
    hint:
      known === undefined
        ? `Use one of ${Object.keys(architectures).join(', ')}.`
        : `Write "${known}" instead.`,
  }
}

/** A format's word for a canonical architecture; findings have refused the unknown ones before. */
export function architectureIn(format: 'deb' | 'rpm', canonical: string): string {
  const name = canonicalArchitecture(canonical)
  if (name === undefined) throw new Error(`The architecture "${canonical}" has passed the findings`)
  return architectures[name][format]
}
