import type { PackageCompression } from '../packages/package-spec.ts'

/** What a package is when the file does not say. */
export const packageDefaults = {
  section: 'misc',
  priority: 'optional',
  owner: 'root',
  group: 'root',
  build: '1',
  // The one kind that every dpkg and rpm in use reads, at the level that dpkg-deb takes.
  compression: 'xz',
  systemd: { enable: true, start: true, restartAfterUpgrade: true },
} as const

/** The levels that dpkg-deb and rpmbuild take when none is given, and the highest that each codec has. */
export const compressionLevels: {
  readonly [kind in PackageCompression['kind']]: {
    readonly usual: number
    readonly min: number
    readonly max: number
  }
} = {
  gzip: { usual: 9, min: 1, max: 9 },
  xz: { usual: 6, min: 0, max: 9 },
  zstd: { usual: 19, min: 1, max: 22 },
  none: { usual: 0, min: 0, max: 0 },
}

export const imageDefaults = {
  platforms: ['linux/amd64'],
  // Every program that runs containers reads it; zstd needs those of the last years.
  compression: 'gzip',
  tags: ['${version}'],
  attest: false,
} as const

export const moduleDefaults = {
  kustomizeTool: 'kustomize',
  target: 'remote',
  push: true,
  ref: 'HEAD',
} as const

export const consumerDefaults = {
  branch: '${project}-${version}',
  title: 'Use ${project} ${version}',
  testLimit: '1h',
  mergeLimit: '7d',
  requireApproval: false,
} as const

export const releaseDefaults = { tag: '${version}', checksums: 'SHA256SUMS' } as const

export const pipelineDefaults = {
  parallel: 4,
  stepLimit: '1h',
  gateLimit: '7d',
  retry: { attempts: 5, firstDelay: '1s', longestDelay: '1m' },
} as const

/** How broken commands are taken, and how many earlier releases are tried. */
export const installsDefaults = { new: 'refuse', upgrade: 'refuse', older: 'warn', earlier: 20 } as const
