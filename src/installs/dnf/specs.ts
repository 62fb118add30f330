import type { Trial } from '../install-resolver.ts'

/** dnf(8), "Specifying packages": name-[epoch:]version-release. */
export const specsOf = ({ wanted }: Trial): readonly string[] =>
  wanted.map(({ name, version }) => (version === undefined ? name : `${name}-${version}`))
