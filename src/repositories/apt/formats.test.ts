import { describe, expect, test } from 'vitest'
import { signedText, withLineEnd } from './clearsigned.ts'
import { paragraphsOf, parseFields, renderFields } from './deb822.ts'
import { emptyRelease, hasByHash, parseRelease, releaseWords, renderRelease } from './release.ts'
import { architecturesOf, dateOf, releaseFields } from './release-fields.ts'

describe('deb822', () => {
  test('fields keep their order, spelling and continuation lines', () => {
    const text = 'Package: x\nX-Odd:no space\nDescription: short\n long\n .\n  verbatim\nEmpty:'
    const fields = parseFields(text)

    expect(fields?.map(({ name }) => name)).toEqual(['Package', 'X-Odd', 'Description', 'Empty'])
    expect(renderFields(fields ?? [])).toBe(text.replace('X-Odd:no', 'X-Odd: no'))
  })

  test('what is no field is not guessed at', () => {
    expect(parseFields('no colon here')).toBeUndefined()
    expect(parseFields(' continues nothing')).toBeUndefined()
  })

  test('any blank lines separate paragraphs, at the beginning and the end too', () => {
    expect(paragraphsOf('\n\nA: 1\n \n\t\n\nB: 2\n\n\n')).toEqual(['A: 1', 'B: 2'])
    expect(paragraphsOf('')).toEqual([])
  })
})

describe('Release', () => {
  const text = [
    'Origin: Somebody',
    'X-Unknown: kept',
    'Date: Tue, 01 Jul 2025 12:00:00 UTC',
    'Valid-Until: Tue, 08 Jul 2025 12:00:00 UTC',
    'Architectures: amd64 armhf',
    'Acquire-By-Hash: no',
    'MD5Sum:',
    ` ${'1'.repeat(32)}                2 main/i18n/Translation-de`,
    'SHA256:',
    ` ${'3'.repeat(64)}                2 main/i18n/Translation-de`,
    '',
  ].join('\n')

  test('what is read is written as it was', () => {
    expect(renderRelease(parseRelease(text, 'Release'))).toBe(text)
  })

  test('unknown fields keep place and value, and an expiring suite goes on expiring after the same span', () => {
    const existing = parseRelease(text, 'Release')
    const date = new Date('2025-08-01T00:00:00Z')
    const generation = { sequence: 3, sha256: 'a'.repeat(64) }
    const indexes = ['main/binary-arm64/Packages', 'main/binary-amd64/Packages', 'main/Contents-amd64']
    const context = { existing, indexes, generation, date, fingerprints: [] }
    const options = { suite: 'stable', component: 'main', label: 'New', isFlat: false }

    const fields = releaseFields(options, context)

    expect(renderFields(fields).split('\n')).toEqual([
      'Origin: Somebody',
      'X-Unknown: kept',
      'Date: Fri, 01 Aug 2025 00:00:00 UTC',
      'Valid-Until: Fri, 08 Aug 2025 00:00:00 UTC',
      'Architectures: amd64 armhf arm64',
      'Acquire-By-Hash: yes',
      'Label: New',
      `Hawser-Generation: 3 ${'a'.repeat(64)}`,
      'Components: main',
    ])
  })

  test('the date never goes back, because clients would refuse the index', () => {
    const existing = parseRelease(text, 'Release')

    expect(dateOf(existing, new Date('2020-01-01'))).toEqual(new Date('2025-07-01T12:00:00Z'))
    expect(dateOf(undefined, new Date('2020-01-01T00:00:00.999Z'))).toEqual(new Date('2020-01-01T00:00:00Z'))
  })

  test('a new repository has the usual architectures, an existing one those that it has', () => {
    const options = { suite: 'stable', component: 'main' }

    expect(architecturesOf(options, undefined, ['all'])).toEqual(['amd64', 'arm64'])
    expect(architecturesOf(options, parseRelease(text, 'Release'), ['riscv64'])).toEqual([
      'amd64',
      'armhf',
      'riscv64',
    ])
  })

  test('architectures that have an index count although no field names them', () => {
    const listed = text
      .replace('Architectures: amd64 armhf\n', '')
      .replaceAll('main/i18n/Translation-de', 'main/binary-mips/Packages')

    expect(architecturesOf({ component: 'main' }, parseRelease(listed, 'Release'), [])).toEqual(['mips'])
    expect(architecturesOf({ component: 'contrib' }, parseRelease(listed, 'Release'), [])).toEqual([])
  })

  test('an empty one has nothing', () => {
    expect(releaseWords(emptyRelease, 'Components')).toEqual([])
    expect(hasByHash(emptyRelease)).toBe(false)
  })
})

describe('signed messages', () => {
  test('escaped dashes are text, and the end is one line end', () => {
    const message = [
      '-----BEGIN PGP SIGNED MESSAGE-----',
      'Hash: SHA512',
      '',
      '- -dash: 1',
      'A: 2',
      '',
      '-----BEGIN PGP SIGNATURE-----',
      '',
    ].join('\n')

    expect(signedText(message, 'InRelease')).toEqual({ text: '-dash: 1\nA: 2\n', isSigned: true })
    expect(withLineEnd('A\n\n')).toBe('A\n')
  })

  test('text before the message could smuggle in fields that nobody signed', () => {
    const smuggled = 'Suite: evil\n-----BEGIN PGP SIGNED MESSAGE-----\n'

    expect(() => signedText(smuggled, 'InRelease')).toThrow('text before the signed message')
  })
})
