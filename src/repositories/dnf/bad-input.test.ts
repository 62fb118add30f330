import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText, UserError } from '../../errors.ts'
import type { SignatureVerifier } from '../../signing/signer.ts'
import { fileStorage } from '../../storage/file/file-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import type { PackageEntry } from '../repository-format.ts'
import { clientFiles } from './client-files.ts'
import { openDnfIndex } from './open-index.ts'
import { readEntry } from './read-entry.ts'
import { renderRecord, renderRepomd, repomdPath } from './repomd.ts'

let folder: string
let storage: Storage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-dnf-'))
  storage = fileStorage(folder)
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const packageText = `<package type="rpm">
  <name>hello</name>
  <arch>noarch</arch>
  <version epoch="0" ver="1.0" rel="1"/>
  <checksum type="sha256" pkgid="YES">${'ab'.repeat(32)}</checksum>
  <size package="1" installed="1" archive="1"/>
  <location href="hello.rpm"/>
</package>`

const common = 'http://linux.duke.edu/metadata/common'

function primaryText(packages: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="${common}" packages="1">\n${packages}\n</metadata>\n`
}

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

interface StoredPrimary {
  readonly text: string | Uint8Array
  /** What is stored in place of the gzipped text. */
  readonly stored?: (packed: Uint8Array) => Uint8Array
  /** Changes repomd.xml before it is stored. */
  readonly repomd?: (text: string) => string
}

/** A repository of one primary index, right in everything that is not changed on purpose. */
async function storeRepository({ text, stored = (packed) => packed, repomd }: StoredPrimary): Promise<void> {
  const open = Buffer.from(text)
  const packed = stored(gzipSync(open))
  await storage.put('repodata/primary.xml.gz', packed)
  const record = renderRecord({
    type: 'primary',
    checksum: { type: 'sha256', value: sha256(packed) },
    openChecksum: { type: 'sha256', value: sha256(open) },
    path: 'repodata/primary.xml.gz',
    timestamp: 1,
    sizeBytes: packed.length,
    openSizeBytes: open.length,
  })
  const written = renderRepomd({ revision: '1', rootAttributes: {}, others: [], records: [record] })
  await storage.put(repomdPath, Buffer.from(repomd?.(written) ?? written))
}

/** As a publish reads a foreign repository: the entry, then all of its packages. */
async function readAll(verifier?: SignatureVerifier): Promise<readonly PackageEntry[]> {
  const entry = await readEntry(storage, { verifier })
  if (entry === undefined) throw new Error('There is no repository')
  const { fragments } = await openDnfIndex(storage, entry, 'primary', 'gzip', {})
  const entries: PackageEntry[] = []
  for await (const fragment of fragments) if (fragment.entry !== undefined) entries.push(fragment.entry)
  return entries
}

async function failureOfReading(verifier?: SignatureVerifier): Promise<string> {
  const error = await readAll(verifier).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UserError)
  const text = failureText(error).replaceAll(folder, '<storage>')
  // What depends on the version of zlib.
  return `${text.replace(/[0-9a-f]{64}/g, '<sha256>').replace(/(offset|after) \d+/g, '$1 <n>')}\n`
}

const golden = (name: string): string => `testdata/errors/${name}.txt`

test('the repository that the cases change is right', async () => {
  await storeRepository({ text: primaryText(packageText) })

  expect(await readAll()).toMatchObject([
    { name: 'hello', version: '1.0-1', architecture: 'noarch', path: 'hello.rpm', sizeBytes: 1 },
  ])
})

const bombs = `<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>`

const packages: Record<string, string> = {
  'xml-unclosed': packageText.replace('</package>', ''),
  'xml-unknown-entity': packageText.replace('hello', '&lol;'),
  'xml-control-reference': packageText.replace('hello', 'hel&#1;lo'),
  'xml-control-character': packageText.replace('hello', 'hel\u0001lo'),
  'xml-nested-deeply': packageText.replace('</package>', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}</package>`),
  'package-without-checksum': packageText.replace(/<checksum.*<\/checksum>/, ''),
  'package-without-location': packageText.replace(/<location.*\/>/, ''),
  'package-without-version': packageText.replace(/<version.*\/>/, ''),
  'package-with-negative-size': packageText.replace('package="1"', 'package="-1"'),
  'package-with-two-locations': packageText.replace('<location', '<location href="../../x"/><location'),
  'package-outside': packageText.replace('hello.rpm', '../../../etc/cron.d/x'),
}

test.each(Object.entries(packages))('an index is refused: %s', async (name, text) => {
  await storeRepository({ text: primaryText(text) })

  await expect(await failureOfReading()).toMatchFileSnapshot(golden(name))
})

const documents: Record<string, string | Uint8Array> = {
  'xml-entity-bomb': primaryText(packageText).replace('?>\n', `?>\n${bombs}\n`),
  'xml-other-root': primaryText(packageText).replaceAll('metadata', 'other'),
  'xml-other-namespace': primaryText(packageText).replace(common, 'urn:other'),
  'xml-clashing-prefix': primaryText(packageText).replace('packages=', 'xmlns:rpm="urn:x" packages='),
  'xml-latin1': primaryText(packageText).replace('UTF-8', 'ISO-8859-1'),
  'xml-not-utf8': Buffer.from(primaryText(packageText.replace('hello', 'h\xe9llo')), 'latin1'),
  'xml-empty': '',
}

test.each(Object.entries(documents))('a document is refused: %s', async (name, text) => {
  await storeRepository({ text })

  await expect(await failureOfReading()).toMatchFileSnapshot(golden(name))
})

const storedForms: Record<string, (packed: Uint8Array) => Uint8Array> = {
  'gzip-truncated': (packed) => packed.subarray(0, packed.length - 20),
  bzip2: () => Buffer.from('BZh91AY&SY'),
  'open-checksum-wrong': () => gzipSync(primaryText(packageText.replace('noarch', 'x86_64'))),
  'open-size-exceeded': () => gzipSync(primaryText(packageText + ' '.repeat(5_000_000))),
}

test.each(Object.entries(storedForms))('a stored index is refused: %s', async (name, stored) => {
  await storeRepository({ text: primaryText(packageText), stored })

  await expect(await failureOfReading()).toMatchFileSnapshot(golden(name))
})

const repomds: Record<string, (text: string) => string> = {
  'checksum-wrong': (text) => text.replace(/(<checksum type="sha256">)[0-9a-f]{4}/, '$10000'),
  'checksum-type-unknown': (text) => text.replace('<checksum type="sha256">', '<checksum type="crc32">'),
  'checksum-absent': (text) => text.replace(/<checksum.*<\/checksum>/, ''),
  'record-outside': (text) => text.replace('href="repodata/', 'href="../secret/'),
  'record-missing-file': (text) => text.replace('primary.xml.gz', 'gone.xml.gz'),
  'record-twice': (text) => text.replace(/(<data.*<\/data>)/s, '$1$1'),
  'primary-missing': (text) => text.replace('type="primary"', 'type="group"'),
  'size-unreadable': (text) => text.replace(/<size>\d+/, '<size>many'),
  'repomd-cut-off': (text) => text.slice(0, 300),
  'repomd-is-html': () => '<html><body>404 Not Found</body></html>',
}

test.each(Object.entries(repomds))('a repomd.xml is refused: %s', async (name, repomd) => {
  await storeRepository({ text: primaryText(packageText), repomd })

  await expect(await failureOfReading()).toMatchFileSnapshot(golden(name))
})

describe('signatures', () => {
  const refusing: SignatureVerifier = {
    verifyDetached: () => Promise.reject(new UserError('SIGNATURE_INVALID', 'The signature is not valid.')),
    verifyCleartext: () => Promise.reject(new Error('repomd.xml has no cleartext signature')),
  }

  test('a wrong one is refused before anything else is read', async () => {
    await storeRepository({ text: 'not even XML' })
    await storage.put(`${repomdPath}.asc`, Buffer.from('signature'))

    await expect(await failureOfReading(refusing)).toMatchFileSnapshot(golden('signature-wrong'))
  })

  test('one of absurd size is not read', async () => {
    await storeRepository({ text: primaryText(packageText) })
    await storage.put(`${repomdPath}.asc`, Buffer.alloc(2 << 20, 'a'))

    await expect(await failureOfReading(refusing)).toMatchFileSnapshot(golden('signature-too-large'))
  })

  test('without a verifier, a signature is unchecked, not verified', async () => {
    await storeRepository({ text: primaryText(packageText) })
    await storage.put(`${repomdPath}.asc`, Buffer.from('signature'))

    expect((await readEntry(storage, {}))?.signature).toEqual({ status: 'unchecked' })
  })
})

describe('client files', () => {
  const failureOf = (name: string, publicUrl: string): string => {
    try {
      clientFiles({ signers: [], name, publicUrl }, { areSigned: true })
    } catch (error) {
      return `${failureText(error)}\n`
    }
    throw new Error('nothing was refused')
  }

  test('a name cannot break out of its section', async () => {
    const failure = failureOf('x]\ngpgcheck=0', 'https://packages.example.org')

    await expect(failure).toMatchFileSnapshot(golden('repository-name'))
  })

  test.each(['https://example.org/\ngpgcheck=0', 'https://example.org/$releasever', 'packages'])(
    'the address %j is refused',
    (publicUrl) => {
      expect(failureOf('test', publicUrl)).toMatch(/^DNF_PUBLIC_URL/)
    },
  )

  test('a repository without keys says that nothing is checked', () => {
    const [file] = clientFiles(
      { signers: [], name: 'test', publicUrl: 'https://packages.example.org/rpm/' },
      { areSigned: true },
    )

    expect(Buffer.from(file?.body ?? []).toString()).toBe(
      '[test]\nname=test\nbaseurl=https://packages.example.org/rpm\nenabled=1\ngpgcheck=0\nrepo_gpgcheck=0\n',
    )
  })
})
