/** One processor architecture: Debian's word is the canonical one, because it tells all of them apart. */
interface Architecture {
  /** Words of other worlds for the same machine: rpm, Go, Node, OCI, uname. */
  readonly aliases: readonly string[]
}

/** Written once. A format whose words differ has a table from these to its own. */
export const architectures = {
  all: { aliases: ['any', 'noarch'] },
  amd64: { aliases: ['x64', 'x86-64', 'x86_64'] },
  arm64: { aliases: ['aarch64', 'armv8'] },
  armel: { aliases: ['armv5', 'armv5tel'] },
  armhf: { aliases: ['arm', 'armv7', 'armv7hl', 'armv7l'] },
  i386: { aliases: ['386', 'i586', 'i686', 'ia32', 'x86'] },
  loong64: { aliases: ['loongarch64'] },
  mips64el: { aliases: ['mips64le'] },
  ppc64: { aliases: [] },
  ppc64el: { aliases: ['ppc64le'] },
  riscv64: { aliases: [] },
  s390x: { aliases: [] },
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
      const { aliases }: Architecture = architectures[name]
      return aliases.includes(wanted)
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

/** The canonical word where only known ones can be; findings have refused the others before. */
export function knownArchitecture(word: string): CanonicalArchitecture {
  const name = canonicalArchitecture(word)
  if (name === undefined) throw new Error(`The architecture "${word}" has passed the findings`)
  return name
}
