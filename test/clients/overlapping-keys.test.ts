import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeKey, publishDebs, type TestKey } from '../repositories/apt-world.ts'
import { dnfFormat, publishRpms } from '../repositories/dnf-world.ts'
import { buildDeb } from './dpkg-deb.ts'
import { aptReaders, type ReaderKind, rpmReaders } from './readers.ts'
import { buildRpms, plainSpec } from './rpmbuild.ts'

// While a key is being replaced, both sign, and every system knows one of them or both.

let folder: string
let keys: { readonly leading: TestKey; readonly other: TestKey }
const at = (...parts: readonly string[]) => join(folder, ...parts)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ho-'))
  keys = { leading: await makeKey('Old <old@example.org>'), other: await makeKey('New <new@example.org>') }
  const signers = [keys.leading.signer, keys.other.signer]
  const deb = await buildDeb(folder, { name: 'hello' })
  await publishDebs([deb], { to: at('apt'), signers, verifier: keys.leading.verifier })
  const rpms = await buildRpms(at('rpms'), plainSpec('hello', '1.0'))
  const format = dnfFormat({ unsignedPackages: 'allow' })
  const publicUrl = `file://${at('rpm')}`
  const binary = rpms.filter((path) => path.endsWith('.noarch.rpm'))
  await publishRpms(binary, { to: at('rpm'), signers, verifier: keys.leading.verifier, format, publicUrl })
  for (const [name, { signer }] of Object.entries(keys))
    await writeFile(at(`${name}.asc`), signer.publicKeyArmored)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let count = 0
async function reads<Source>(kind: ReaderKind<Source>, source: Source): Promise<void> {
  count += 1
  const reader = await kind.create(at(String(count)), source)
  try {
    const { status, stdout, stderr } = await reader.refresh()
    expect(status, `${stdout}\n${stderr}`).toBe(0)
    expect(stderr).not.toMatch(/^[EW]:/m)
    expect((await reader.available()).map((line) => line.split(' ')[0])).toEqual(['hello'])
  } finally {
    await reader.remove()
  }
}

for (const kind of aptReaders) {
  describe.runIf(kind.isSelected)(`${kind.name} reads what two keys signed`, () => {
    test.each(['leading', 'other'] as const)('knowing the %s one', async (name) => {
      const publicKeyArmored = await readFile(at(`${name}.asc`), 'utf8')
      await reads(kind, { url: `file://${at('apt')}`, suite: 'stable', component: 'main', publicKeyArmored })
    })
  })
}

// zypper trusts what the repository brings (repodata/repomd.xml.key).
for (const kind of rpmReaders.filter(({ name }) => !name.startsWith('zypper'))) {
  describe.runIf(kind.isSelected)(`${kind.name} reads what two keys signed`, () => {
    test.each(['leading', 'other'] as const)('knowing the %s one', async (name) => {
      await reads(kind, { url: `file://${at('rpm')}`, keyUrl: `file://${at(`${name}.asc`)}` })
    })
  })
}
