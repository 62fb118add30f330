import { type CanonicalArchitecture, knownArchitecture } from '../architecture.ts'

const words: { readonly [canonical in CanonicalArchitecture]: string } = {
  all: 'noarch',
  amd64: 'x86_64',
  arm64: 'aarch64',
  armel: 'armv5tel',
  armhf: 'armv7hl',
  i386: 'i686',
  loong64: 'loongarch64',
  mips64el: 'mips64el',
  ppc64: 'ppc64',
  ppc64el: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
}

/** rpm's word for an architecture. */
export const rpmArchitecture = (canonical: string): string => words[knownArchitecture(canonical)]
