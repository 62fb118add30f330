import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { initRepository } from '../../src/repositories/publish.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { mustRun } from '../clients/command.ts'
import { aptFormat, makeKey, now } from './apt-world.ts'
import { dnfFormat } from './dnf-world.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-public-key-'))
})
afterEach(() => rm(folder, { recursive: true }))

test.each([
  ['apt', () => aptFormat(), 'team.asc'],
  ['dnf', () => dnfFormat(), 'RPM-GPG-KEY-team'],
] as const)(
  '%s: the public key is also where clients of an older tool look for it',
  async (_name, format, own) => {
    const { signer } = await makeKey()
    const storage = fileStorage(folder)

    await initRepository({
      ...{ format: format(), storage, name: 'team', signers: [signer], date: now },
      publicUrl: 'https://packages.example.org',
      publicKeyFile: 'public.key',
    })

    for (const file of [own, 'public.key']) {
      const shown = await mustRun('gpg', ['--show-keys', '--with-colons', join(folder, file)])
      expect(shown).toContain(signer.fingerprint)
    }
  },
)
