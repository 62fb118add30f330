import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { isSecretReference, parseSecretReference, resolveSecret, secretReferenceText } from './secret.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-secret-'))
})
afterEach(() => rm(root, { recursive: true }))

const path = process.env['PATH']

test.each(['env:KEY', 'file:keys/release.asc', 'cmd:pass show release: key'])('%s is a reference', (text) => {
  expect(secretReferenceText(parseSecretReference(text))).toBe(text)
})

test.each(['', 'KEY', 'env:', 'env:A-B', 'env:A=B', 'file:', 'file:\0', 'cmd: ', 'vault:x', 'ENV:KEY'])(
  '"%s" is no reference',
  (text) => expect(isSecretReference(text)).toBe(false),
)

test('a variable is a secret', async () => {
  const secret = await resolveSecret('env:KEY', { environment: { KEY: 'value\n' }, root })

  expect(secret).toEqual({ bytes: Buffer.from('value\n'), text: 'value', line: 'value', warnings: [] })
})

test('a file is read relative to the project, byte for byte', async () => {
  const bytes = Uint8Array.of(0x99, 0x00, 0xff, 0x0a)
  await mkdir(join(root, 'keys'))
  await writeFile(join(root, 'keys/release.gpg'), bytes, { mode: 0o600 })

  const secret = await resolveSecret('file:keys/release.gpg', { environment: {}, root })

  expect(new Uint8Array(secret.bytes)).toEqual(bytes)
  expect(secret.warnings).toEqual([])
})

test('a file that others may read is used, with a warning', async () => {
  await writeFile(join(root, 'key'), 'value')
  await chmod(join(root, 'key'), 0o644)

  const { warnings } = await resolveSecret('file:key', { environment: {}, root })

  expect(warnings).toEqual(['The secret file "key" is open to other users (mode 0644); run: chmod 600 key'])
})

test("a command gives all of its output; a passphrase is the output's first line", async () => {
  const secret = await resolveSecret('cmd:printf "first\\nsecond\\n"', { environment: { PATH: path }, root })

  expect(secret).toMatchObject({ text: 'first\nsecond', line: 'first' })
})

test('a command sees few variables and runs in the project', async () => {
  const environment = { PATH: path, RELEASE_TOKEN: 'token-value', VAULT_ADDR: 'https://vault' }

  const secret = await resolveSecret('cmd:env; pwd', { environment, root })

  expect(secret.text).not.toContain('token-value')
  expect(secret.text).toContain('VAULT_ADDR=https://vault')
  expect(secret.text).toContain(root)
})

test('a command ends with the run, together with what it started', async () => {
  const stop = new AbortController()
  const waiting = resolveSecret('cmd:sleep 600 | cat', {
    environment: { PATH: path },
    root,
    signal: stop.signal,
  })

  stop.abort(new Error('cancelled by the reader'))

  await expect(waiting).rejects.toThrow('cancelled by the reader')
})

describe('errors say what to do and never what the secret is', () => {
  const cases: Record<string, { reference: string; value?: string; timeoutMs?: number }> = {
    'secret-inline': { reference: '-----BEGIN PGP PRIVATE KEY BLOCK----- hunter2' },
    'secret-variable-missing': { reference: 'env:RELEASE_KEY' },
    'secret-variable-empty': { reference: 'env:RELEASE_KEY', value: '\n' },
    'secret-file-missing': { reference: 'file:keys/release.asc' },
    'secret-file-is-folder': { reference: 'file:.' },
    'secret-command-fails': { reference: 'cmd:cat printed; cat printed >&2; exit 3' },
    'secret-command-not-found': { reference: 'cmd:no-such-password-tool show' },
    'secret-command-empty': { reference: 'cmd:true' },
    'secret-command-endless': { reference: 'cmd:yes "$(cat printed)"' },
    'secret-command-hangs': { reference: 'cmd:cat printed; sleep 600', timeoutMs: 100 },
  }

  test.each(Object.entries(cases))('%s', async (name, { reference, value, timeoutMs }) => {
    await writeFile(join(root, 'printed'), 'hunter2')
    const environment = { PATH: path, ...(value === undefined ? {} : { RELEASE_KEY: value }) }

    const error = await resolveSecret(reference, { environment, root, timeoutMs: timeoutMs ?? 10_000 }).catch(
      (thrown: unknown) => thrown,
    )

    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2')
    await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})
