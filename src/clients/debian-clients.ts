import type { DebianClient } from './client.ts'
import { doc, known, run, src } from './evidence.ts'

// dpkg 1.21.18 brought zstd, and Ubuntu's own builds have it since 21.10 (apt's and Ubuntu's changelogs).
const beforeZstd = ['none', 'gzip', 'xz'] as const
const withZstd = ['none', 'gzip', 'xz', 'zstd'] as const

/** Systems with apt, and tools that mirror APT repositories. Measured with apt 2.2.4, 2.6.2, 3.0.3 and dpkg 1.20 to 1.23. */
export const debianClients = {
  'debian-11': {
    title: 'Debian 11 (apt 2.2, dpkg 1.20)',
    indexes: run(withZstd),
    byHash: run(true),
    packages: run(beforeZstd),
    verifiers: run(['gpgv']),
    rsaBitsMin: known(1024),
  },
  'debian-12': {
    title: 'Debian 12 (apt 2.6, dpkg 1.21)',
    indexes: run(withZstd),
    byHash: run(true),
    packages: run(withZstd),
    verifiers: run(['gpgv']),
    rsaBitsMin: known(1024),
  },
  'debian-13': {
    title: 'Debian 13 (apt 3.0, dpkg 1.22)',
    indexes: run(withZstd),
    byHash: run(true),
    packages: run(withZstd),
    verifiers: run(['sqv']),
    // apt 3.0.1's policy for sqv takes RSA of 2048 bits until February 2030.
    rsaBitsMin: src(2048),
  },
  'ubuntu-20.04': {
    title: 'Ubuntu 20.04 (apt 2.0, dpkg 1.19)',
    indexes: src(withZstd),
    byHash: known(true),
    packages: doc(beforeZstd),
    verifiers: known(['gpgv']),
    rsaBitsMin: known(1024),
  },
  'ubuntu-22.04': {
    title: 'Ubuntu 22.04 (apt 2.4, dpkg 1.21)',
    indexes: src(withZstd),
    byHash: known(true),
    packages: doc(withZstd),
    verifiers: known(['gpgv']),
    rsaBitsMin: known(1024),
  },
  'ubuntu-24.04': {
    title: 'Ubuntu 24.04 (apt 2.8, dpkg 1.22)',
    indexes: src(withZstd),
    byHash: known(true),
    packages: doc(withZstd),
    verifiers: known(['gpgv']),
    rsaBitsMin: known(2048),
  },
  'aptly-1.5': {
    title: 'aptly 1.5',
    indexes: run(['none', 'gzip', 'xz']),
    byHash: run(false),
    packages: undefined,
    verifiers: known(['gpgv']),
    rsaBitsMin: known(1024),
  },
  'debmirror-2.37': {
    title: 'debmirror 2.37',
    indexes: run(['none', 'gzip', 'xz']),
    byHash: src(false),
    packages: undefined,
    verifiers: known(['gpgv']),
    rsaBitsMin: known(1024),
  },
  'reprepro-5.3': {
    title: 'reprepro 5.3',
    indexes: run(withZstd),
    byHash: run(false),
    packages: undefined,
    verifiers: known(['gpgme']),
    rsaBitsMin: known(1024),
  },
} as const satisfies { readonly [name: string]: DebianClient }

export type DebianClientName = keyof typeof debianClients

export const debianClientNames = Object.keys(debianClients) as DebianClientName[] // exactly its keys
