import { describe, expect, test } from 'vitest'
import { signedText, withLineEnd } from './clearsigned.ts'
import { mergeContents } from './contents-index.ts'
import { encoded, paragraphsOf, parseFields, renderFields } from './deb822.ts'
import { mergeStanzas, parsePackages, renderPackages } from './packages-index.ts'
import { emptyRelease, hasByHash, parseRelease, releaseWords, renderRelease } from './release.ts'
import { architecturesOf, dateOf, releaseFields } from './release-fields.ts'

const stanza = (name: string, version = '1.0', sha256 = 'aa'): string =>
  `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nFilename: pool/${name}_${version}.deb\nSize: 3\nSHA256: ${sha256}`

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

describe('Packages', () => {
  test('foreign stanzas keep their bytes, also those that are not UTF-8', () => {
    const foreign = `${stanza('old')}\nX-Latin: \xe9\xff`
    const text = `${foreign}\n\n${encoded(stanza('ünew'))}\n\n`

    expect(renderPackages(parsePackages(text, 'Packages'))).toBe(text)
  })

  test('additions are sorted in, and what is there is not added again', () => {
    const existing = parsePackages([stanza('a'), stanza('c')].join('\n\n'), 'Packages')
    const added = parsePackages([stanza('b'), stanza('c'), stanza('a', '0.9')].join('\n\n'), 'Packages')

    const merged = mergeStanzas(existing, added)
    expect(merged.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'a 0.9',
      'a 1.0',
      'b 1.0',
      'c 1.0',
    ])
  })

  test('a path may begin with ./', () => {
    const [parsed] = parsePackages(stanza('a').replace('pool/', './pool/'), 'Packages')

    expect(parsed?.path).toBe('pool/a_1.0.deb')
  })
})

describe('Contents', () => {
  test('lines are added in order, owners are added once, and foreign lines stay as they are', () => {
    const foreign = 'bin/a\t\t\t  utils/other\nusr/share/with space  doc/x,doc/y\n'

    const merged = mergeContents(foreign, [
      { owner: 'utils/new', files: ['bin/b', 'usr/share/with space', 'bin/ü'] },
      { owner: 'utils/new', files: ['bin/b'] },
    ])

    expect(merged).toBe(
      encoded(
        'bin/a\t\t\t  utils/other\nbin/b utils/new\nbin/ü utils/new\nusr/share/with space  doc/x,doc/y,utils/new\n',
      ),
    )
  })

  test('the text before the table of old archives stays', () => {
    const merged = mergeContents('This file maps\nFILE      LOCATION\nbin/a x\n', [
      { owner: 'y', files: ['bin/b'] },
    ])

    expect(merged).toBe('This file maps\nFILE      LOCATION\nbin/a x\nbin/b y\n')
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
    const context = { existing, architectures: ['amd64', 'arm64'], date, fingerprints: [] }

    const fields = releaseFields({ suite: 'stable', component: 'main', label: 'New' }, context)

    expect(renderFields(fields).split('\n')).toEqual([
      'Origin: Somebody',
      'X-Unknown: kept',
      'Date: Fri, 01 Aug 2025 00:00:00 UTC',
      'Valid-Until: Fri, 08 Aug 2025 00:00:00 UTC',
      'Architectures: amd64 armhf arm64',
      'Acquire-By-Hash: yes',
      'Label: New',
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
