import { expect, test } from 'vitest'
import { apt } from './apt/apt.ts'
import { relationText } from './assumed.ts'
import { closureOf } from './closure.ts'
import type { CandidatePackage } from './install-resolver.ts'

const candidate = (name: string, version: string, fields: string): CandidatePackage => ({
  entry: { name, version, architecture: 'amd64', path: `${name}_${version}.deb`, sizeBytes: 1, sha256: '' },
  bytes: Buffer.from(`Package: ${name}\nVersion: ${version}\n${fields}\n`),
  isNew: false,
})

test('of 50,000 packages only those that an answer can contain go to the resolver, in every version', () => {
  const others = Array.from({ length: 50_000 }, (_, number) =>
    candidate(`other-${number}`, '1', `Depends: other-${number + 1}, app`),
  )
  const ours = [
    candidate('app', '1', 'Depends: data (= 1), libc6'),
    candidate('app', '2', 'Depends: data (= 2) | none, mail-agent\nRecommends: docs'),
    candidate('data', '1', ''),
    candidate('data', '2', ''),
    candidate('postfix', '1', 'Provides: mail-agent'),
    candidate('docs', '1', ''),
    candidate('app-ng', '1', 'Replaces: app'),
  ]

  const { packages, assumed } = closureOf(['app'], [...others, ...ours], apt)

  expect(packages.map(({ entry }) => `${entry.name} ${entry.version}`)).toEqual(
    ours.map(({ entry }) => `${entry.name} ${entry.version}`),
  )
  expect(assumed.map(relationText)).toEqual(['libc6'])
})
