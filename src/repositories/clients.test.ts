import { describe, expect, test } from 'vitest'
import { debianClientNames, debianClients } from '../clients/debian-clients.ts'
import { rpmClientNames, rpmClients } from '../clients/rpm-clients.ts'
import { failureText } from '../errors.ts'
import { clientsOf as debianClientsOf, refuseUnreadableDeb } from './apt/client-checks.ts'
import { refuseUnreadableKeys } from './clients.ts'
import { type RpmSignature, refuseUnreadableRpm, clientsOf as rpmClientsOf } from './dnf/client-checks.ts'

const ed25519 = { fingerprint: 'A'.repeat(40), algorithm: 'ed25519', kind: 'ed25519' } as const
const rsa2048 = { fingerprint: 'B'.repeat(40), algorithm: 'rsa2048', kind: 'rsa', bits: 2048 } as const
const short = { fingerprint: 'C'.repeat(40), algorithm: 'rsa1024', kind: 'rsa', bits: 1024 } as const

const rpm = (...signatures: readonly RpmSignature[]) => ({
  name: 'hello',
  version: '1.0-1',
  compression: 'gzip' as const,
  signatures,
})
const rsaSignature = { covers: 'header', kind: 'rsa', digest: 'SHA-256' } as const
const sha1Signature = { ...rsaSignature, digest: 'SHA-1' } as const
const deb = { name: 'hello', version: '1.0-1' }

const bad: { readonly [name: string]: () => void } = {
  'key-for-el9': () =>
    refuseUnreadableKeys('fedora', rpmClientsOf(['fedora-43', 'el9', 'el8']), [rsa2048, ed25519]),
  'key-too-short': () => refuseUnreadableKeys('debian', debianClientsOf(['debian-12', 'debian-13']), [short]),
  'deb-zstd': () =>
    refuseUnreadableDeb(debianClientsOf(['debian-11', 'debian-12']), {
      ...deb,
      compressions: ['gzip', 'zstd'],
    }),
  'rpm-zstd': () => refuseUnreadableRpm(rpmClientsOf(['el7']), { ...rpm(), compression: 'zstd' }, false),
  'rpm-sha1': () => refuseUnreadableRpm(rpmClientsOf(['el8', 'el9', 'el10']), rpm(sha1Signature), true),
  'rpm-ed25519': () =>
    refuseUnreadableRpm(rpmClientsOf(['el9']), rpm({ ...rsaSignature, kind: 'ed25519' }), true),
  'rpm-header-only': () => refuseUnreadableRpm(rpmClientsOf(['el7']), rpm(rsaSignature), true),
}

describe('what a named client could not read is refused', () => {
  test.each(Object.entries(bad))('%s', async (name, attempt) => {
    let failure: unknown
    try {
      attempt()
    } catch (error) {
      failure = error
    }

    await expect(failureText(failure)).toMatchFileSnapshot(`testdata/errors/client-${name}.txt`)
  })
})

describe('accepted is', () => {
  test('RSA of 2048 bits, by every client in the table', () => {
    refuseUnreadableKeys('debian', debianClientsOf(debianClientNames), [rsa2048])
    refuseUnreadableKeys('fedora', rpmClientsOf(rpmClientNames), [rsa2048])
  })

  test('any key and any package, when nobody is named', () => {
    refuseUnreadableKeys('debian', [], [ed25519, short])
    refuseUnreadableDeb([], { ...deb, compressions: ['zstd'] })
    refuseUnreadableRpm([], rpm(sha1Signature), true)
  })

  test('an old signature beside a new one, and any where clients do not check packages', () => {
    refuseUnreadableRpm(rpmClientsOf(['el9']), rpm(sha1Signature, rsaSignature), true)
    refuseUnreadableRpm(rpmClientsOf(['el9']), rpm(sha1Signature), false)
  })

  test('whatever it is, by tools that install nothing', () => {
    refuseUnreadableRpm(
      rpmClientsOf(['createrepo_c-0.17']),
      { ...rpm(sha1Signature), compression: 'zstd' },
      true,
    )
    refuseUnreadableDeb(debianClientsOf(['aptly-1.5']), { ...deb, compressions: ['zstd'] })
  })
})

test('gzip and xz are read by every client, so that there is always something to advise', () => {
  for (const client of [...Object.values(debianClients), ...Object.values(rpmClients)]) {
    expect(client.indexes.value).toContain('gzip')
    expect(client.packages?.value ?? ['gzip', 'xz']).toEqual(expect.arrayContaining(['gzip', 'xz']))
  }
})
