import type { RpmClient } from './client.ts'
import { doc, issue, known, run } from './evidence.ts'

const withoutZstd = ['none', 'gzip', 'xz'] as const
const all = ['none', 'gzip', 'xz', 'zstd'] as const

/** Systems with dnf, yum or zypper, and tools that read their repositories. Measured with Debian's builds of the same lines. */
export const rpmClients = {
  el7: {
    title: 'EL 7 (yum 3.4, rpm 4.11)',
    indexes: known(['none', 'gzip']),
    packages: known(withoutZstd),
    verifiers: known(['rpm 4.11']),
    rsaBitsMin: known(1024),
    sha1: known(true),
    payloadSignature: issue(true),
  },
  el8: {
    title: 'EL 8 (dnf 4.7, rpm 4.14)',
    indexes: doc(all),
    packages: doc(all),
    verifiers: known(['rpm 4.14', 'gpgme']),
    rsaBitsMin: known(1024),
    sha1: known(true),
    payloadSignature: known(false),
  },
  el9: {
    title: 'EL 9 (dnf 4.14, rpm 4.16)',
    indexes: run(all),
    packages: run(all),
    verifiers: run(['rpm 4.16', 'gpgme']),
    rsaBitsMin: doc(2048),
    // Its crypto policy, not its rpm.
    sha1: issue(false),
    payloadSignature: run(false),
  },
  el10: {
    title: 'EL 10 (dnf 4.20, rpm 4.19)',
    indexes: run(all),
    packages: run(all),
    verifiers: known(['rpm 4.20', 'gpgme']),
    rsaBitsMin: known(2048),
    sha1: known(false),
    payloadSignature: run(false),
  },
  'fedora-41': {
    title: 'Fedora 41 (dnf5, rpm 4.20)',
    indexes: run(all),
    packages: run(all),
    verifiers: run(['rpm 4.20', 'gpgme']),
    rsaBitsMin: known(2048),
    sha1: run(false),
    payloadSignature: run(false),
  },
  'fedora-42': {
    title: 'Fedora 42 (dnf5, rpm 4.20)',
    indexes: run(all),
    packages: run(all),
    verifiers: run(['rpm 4.20', 'gpgme']),
    rsaBitsMin: known(2048),
    sha1: run(false),
    payloadSignature: run(false),
  },
  'fedora-43': {
    title: 'Fedora 43 (dnf5, rpm 6)',
    indexes: run(all),
    packages: run(all),
    verifiers: run(['rpm 6.1', 'gpgme']),
    rsaBitsMin: known(2048),
    sha1: run(false),
    payloadSignature: run(false),
  },
  'opensuse-leap-15': {
    title: 'openSUSE Leap 15 (zypper 1.14, rpm 4.14)',
    indexes: run(all),
    packages: doc(all),
    verifiers: known(['rpm 4.14', 'gpgme']),
    rsaBitsMin: known(1024),
    sha1: known(true),
    payloadSignature: known(false),
  },
  'createrepo_c-0.17': {
    title: 'createrepo_c 0.17',
    indexes: run(withoutZstd),
    packages: undefined,
    verifiers: run([]),
    rsaBitsMin: known(0),
    sha1: run(true),
    payloadSignature: run(false),
  },
} as const satisfies { readonly [name: string]: RpmClient }

export type RpmClientName = keyof typeof rpmClients

export const rpmClientNames = Object.keys(rpmClients) as RpmClientName[] // exactly its keys
