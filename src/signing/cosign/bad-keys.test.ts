import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { lockKeyFile } from './key-file.ts'
import { cosignSigner } from './signer.ts'

const good = readFileSync(join(import.meta.dirname, 'testdata', 'sigstore.key'), 'utf8')
const password = 'correct horse battery'

type Bad = () => string | Promise<string>

const pem = (label: string, content: string): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(content).toString('base64')}\n-----END ${label}-----\n`

const sigstore = (content: string): string => pem('ENCRYPTED SIGSTORE PRIVATE KEY', content)

/** The good file with something else in its JSON. */
const changed =
  (change: (file: Record<string, Record<string, unknown>>) => void): Bad =>
  () => {
    const file = JSON.parse(Buffer.from(good.split('\n').slice(1, -2).join(''), 'base64').toString())
    change(file)
    return sigstore(JSON.stringify(file))
  }

const exported = (key: ReturnType<typeof generateKeyPairSync>['privateKey']): string =>
  key.export({ format: 'pem', type: 'pkcs8' }).toString()

const cases: Record<string, Bad> = {
  'key-empty': () => ' \n',
  'key-other-text': () => 'correct horse battery staple',
  'key-openpgp': () => pem('PGP PRIVATE KEY BLOCK', 'x'),
  'key-openssh': () => pem('OPENSSH PRIVATE KEY', 'x'),
  'key-public': () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .publicKey.export({ format: 'pem', type: 'spki' })
      .toString(),
  'key-cut-off': () => good.slice(0, 300),
  'key-several': () => good + good,
  'key-not-json': () => sigstore('correct horse battery'),
  'key-json-is-list': () => sigstore('[]'),
  'key-other-kdf': changed((file) => Object.assign(file['kdf'] ?? {}, { name: 'argon2id' })),
  'key-cost-is-a-bomb': changed((file) => Object.assign(file['kdf']?.['params'] ?? {}, { N: 2 ** 30 })),
  'key-cost-is-low': changed((file) => Object.assign(file['kdf']?.['params'] ?? {}, { N: 2 })),
  'key-nonce-short': changed((file) => Object.assign(file['cipher'] ?? {}, { nonce: 'AAAA' })),
  'key-ciphertext-missing': changed((file) => Reflect.deleteProperty(file, 'ciphertext')),
  'key-ciphertext-changed': changed((file) => Object.assign(file, { ciphertext: 'A'.repeat(220) })),
  'key-wrong-password': () => good,
  'key-holds-other-thing': () => lockKeyFile(Buffer.from('no key'), password),
  'key-pem-damaged': () => pem('PRIVATE KEY', 'no key'),
  'key-p384': () => exported(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
  'key-ed25519': () => exported(generateKeyPairSync('ed25519').privateKey),
  'key-rsa-short': () => exported(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
  'key-x25519': () => exported(generateKeyPairSync('x25519').privateKey),
}

test.each(Object.entries(cases))('%s is refused, with a text that says what to do', async (name, bad) => {
  const key = await bad()

  await expectFailure(name, cosignSigner({ key, password }), key)
})

test('a locked key without a password is refused', async () => {
  await expectFailure('key-locked', cosignSigner({ key: good }), good)
})

test('a locked key of openssl without a password is refused', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: password } as const
  const key = privateKey.export(options).toString()

  await expectFailure('key-locked-openssl', cosignSigner({ key }), key)
  await expectFailure('key-wrong-password-openssl', cosignSigner({ key, password: 'other' }), key)
})

async function expectFailure(name: string, attempt: Promise<unknown>, key: string): Promise<void> {
  const error: unknown = await attempt.then(
    () => new Error('no failure'),
    (thrown: unknown) => thrown,
  )
  const everything = inspect(error, { depth: 9, showHidden: true })
  expect(everything).not.toContain(password)
  for (const line of key.split('\n').slice(1, -2)) expect(everything).not.toContain(line)
  await expect(`${failureText(error)}\n`).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
}
