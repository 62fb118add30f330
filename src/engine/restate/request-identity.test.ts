import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { base58, requestIdentity } from './request-identity.ts'

test('the key is made once, for the owner only, and its public part stays the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-identity-'))
  try {
    const path = join(folder, 'key.pem')

    const first = await requestIdentity(path)

    expect(first).toMatch(/^publickeyv1_[1-9A-HJ-NP-Za-km-z]{43,44}$/)
    expect(await requestIdentity(path)).toBe(first)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test.each([
  ['', ''],
  ['00', '1'],
  ['0000287fb4cd', '11233QC4'],
  ['48656c6c6f20576f726c6421', '2NEpo7TZRRrLZSi2U'],
])('base 58 of %s is %s', (hex, text) => {
  expect(base58(Buffer.from(hex, 'hex'))).toBe(text)
})
