import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { Redactor } from './redact.ts'

const secret = 'p@ss/w+rd "quoted" é?'
const key = [
  '-----BEGIN PRIVATE KEY-----',
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj',
  'AgEAAoIBAQC7VJTUt9Us8cKj',
  '-----END PRIVATE KEY-----',
  '',
].join('\n')

function redactorOf(...secrets: string[]): Redactor {
  const redactor = new Redactor()
  for (const one of secrets) redactor.add(one)
  return redactor
}

describe('a registered secret is masked', () => {
  const forms = {
    'as it is': secret,
    'in base64': Buffer.from(secret).toString('base64'),
    'in base64url': Buffer.from(secret).toString('base64url'),
    'in hex': Buffer.from(secret).toString('hex'),
    'in a URL': encodeURIComponent(secret),
    'in a form': new URLSearchParams({ password: secret }).toString().slice('password='.length),
    'in JSON': JSON.stringify(secret).slice(1, -1),
  }
  test.each(Object.entries(forms))('%s', (_name, form) => {
    expect(redactorOf(secret).text(`before ${form} after`)).toBe('before *** after')
  })

  test.each(['u', 'us', 'use', 'user'])('in the base64 of "%s:secret", whatever its alignment', (user) => {
    const header = Buffer.from(`${user}:${secret}`).toString('base64')

    const masked = redactorOf(secret).text(header)

    expect(masked).toContain('***')
    expect(masked.length).toBeLessThan(16)
  })
})

test('a key is masked line by line, also with other line ends and indented', () => {
  const shown = redactorOf(key).text(`line 2:\r\n    ${key.split('\n')[1]}\r\nend`)

  expect(shown).toBe('line 2:\r\n    ***\r\nend')
})

test('a key is masked as a whole', () => {
  expect(redactorOf(key).text(`<${key}>`)).toBe('<***>')
})

test('base64 of a long key is masked when a tool wraps it', () => {
  const wrapped =
    Buffer.from(key)
      .toString('base64')
      .match(/.{1,64}/g) ?? []

  expect(redactorOf(key).text(wrapped.join('\n'))).toBe(wrapped.map(() => '***').join('\n'))
})

test('of two secrets that overlap, nothing of either is left', () => {
  expect(redactorOf('abcdef', 'defghi').text('<abcdefghi>')).toBe('<***>')
})

test('values that are too short to be secrets do not garble texts', () => {
  expect(redactorOf('a', '', '\n', '123').text('a text of 123 letters')).toBe('a text of 123 letters')
})

test('a secret in pieces is masked, wherever it is cut', () => {
  const redactor = redactorOf('secret-value', 'secret-value-that-is-longer')
  const whole = 'x secret-value y secret-value-that-is-longer z secret-val'

  for (let at = 0; at <= whole.length; at += 1) {
    for (let next = at; next <= whole.length; next += 7) {
      const stream = redactor.stream()
      const shown = [whole.slice(0, at), whole.slice(at, next), whole.slice(next)].map(stream.write)
      expect(shown.join('') + stream.end()).toBe('x *** y *** z secret-val')
    }
  }
})

test('text that begins no secret is passed on at once', () => {
  expect(redactorOf('secret-value').stream().write('12 % done')).toBe('12 % done')
})

test('bytes that are cut inside a character are masked too', async () => {
  const bytes = Buffer.from(`é ${secret} é`)
  const single = [...bytes].map((byte) => Buffer.of(byte))

  expect(await textOf(Readable.from(single).pipe(redactorOf(secret).transform()))).toBe('é *** é')
})
