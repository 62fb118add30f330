import { copyFile, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mustRun } from '../clients/command.ts'
import { buildRpms, plainSpec } from '../clients/rpmbuild.ts'
import {
  dnfFormat,
  makeKey,
  now,
  publishRpms,
  readAll,
  removeFolder,
  scratchFolder,
  type TestKey,
} from './dnf-world.ts'
import { listFiles, packagesOf, readRepodata } from './repodata.ts'
import { richSpec } from './rich-spec.ts'

let folder: string
let key: TestKey
let rpms: string[]
let added: string[]

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  rpms = await buildRpms(join(folder, 'rpms'), richSpec)
  rpms.push(...(await buildRpms(join(folder, 'rpms'), plainSpec('plain', '1.0'))))
  added = await buildRpms(join(folder, 'added'), plainSpec('added', '2.0'))
})

afterAll(() => removeFolder(folder))

/** A repository that createrepo_c made, with comps, updateinfo, modules, tags and the databases. */
async function foreignRepository(name: string, ...args: string[]): Promise<string> {
  const repository = join(folder, name)
  await mkdir(repository)
  for (const rpm of rpms) await copyFile(rpm, join(repository, basename(rpm)))
  const comps = '<comps><group><id>core</id><name>Core &amp; more</name></group></comps>'
  await writeFile(join(folder, 'comps.xml'), `<?xml version="1.0" encoding="UTF-8"?>\n${comps}\n`)
  const distro = ['--distro', 'cpe:/o:example:linux:9,Example Linux 9', '--content', 'binary-x86_64']
  await mustRun('createrepo_c', [
    ...['-q', '-g', join(folder, 'comps.xml'), '--repo', 'Example', '--revision', '4711'],
    ...distro,
    ...args,
    repository,
  ])
  const extras = {
    updateinfo: '<updates></updates>',
    modules: 'document: modulemd\n',
    productid: 'product\n',
  }
  for (const [type, content] of Object.entries(extras)) {
    const file = join(folder, `${type}.xml`)
    await writeFile(file, content)
    await mustRun('modifyrepo_c', [`--mdtype=${type}`, file, join(repository, 'repodata')])
  }
  return repository
}

const kinds = ['primary', 'filelists', 'other'] as const

describe('compared with createrepo_c', () => {
  test('every package is described by the same bytes', async () => {
    const theirs = join(folder, 'theirs')
    const ours = join(folder, 'ours')
    await publishRpms(rpms, { to: ours, key })
    // Their time is that of the file, ours that of the build; here they are one.
    await mkdir(join(theirs, 'packages'), { recursive: true })
    for (const path of (await listFiles(ours)).filter((name) => name.endsWith('.rpm'))) {
      await mkdir(join(theirs, path, '..'), { recursive: true })
      await copyFile(join(ours, path), join(theirs, path))
      await utimes(join(theirs, path), 1_750_000_000, 1_750_000_000)
    }
    await mustRun('createrepo_c', ['-q', theirs])

    for (const kind of kinds) {
      const expected = packagesOf(await readRepodata(theirs, kind))
      const found = packagesOf(await readRepodata(ours, kind))
      expect(found.size).toBe(rpms.length)
      expect(found).toEqual(expected)
    }
  })

  test('repomd.xml has the same elements in the same order', async () => {
    const outline = async (name: string) =>
      (await readFile(join(folder, name, 'repodata/repomd.xml'), 'utf8'))
        .replace(/\s*<data type="\w+_db">.*?<\/data>/gs, '')
        .replace(/\s*<tags>.*?<\/tags>/gs, '')
        .replace(/[0-9a-f]{64}/g, 'SUM')
        .replace(/>\d+</g, '>N<')

    expect(await outline('ours')).toBe(await outline('theirs'))
  })

  test.each(['gzip', 'zstd'] as const)(
    'createrepo_c and mergerepo_c read what we write in %s',
    async (compression) => {
      const ours = join(folder, `read-${compression}`)
      await publishRpms(rpms, {
        to: ours,
        key,
        format: dnfFormat({ compression, unsignedPackages: 'allow' }),
      })
      if (compression === 'zstd') {
        // createrepo_c 0.17 reads no zstd; zstd itself and our own reader do.
        expect(packagesOf(await readRepodata(ours, 'primary')).size).toBe(rpms.length)
        expect((await readAll(ours, key.verifier)).entries).toHaveLength(rpms.length)
        return
      }

      const merged = join(folder, 'merged')
      await mustRun('mergerepo_c', ['--all', '-r', `file://${ours}`, '-o', merged])
      await mustRun('createrepo_c', ['-q', '--update', '--skip-stat', ours])

      for (const repository of [merged, ours]) {
        expect(packagesOf(await readRepodata(repository, 'primary')).size).toBe(rpms.length)
      }
    },
  )

  test('the same packages are listed whatever the order of publishing', async () => {
    const [one, other] = [join(folder, 'order-1'), join(folder, 'order-2')]
    await publishRpms(rpms, { to: one, key })
    for (const rpm of rpms.toReversed()) await publishRpms([rpm], { to: other, key })

    for (const kind of kinds) {
      expect(packagesOf(await readRepodata(other, kind))).toEqual(packagesOf(await readRepodata(one, kind)))
    }
  })
})

describe('a repository that createrepo_c made', () => {
  test.each([
    ['sha256', 'gz'],
    ['sha512', 'xz'],
  ])('is adopted with every entry, record and tag (%s, %s)', async (checksum, compression) => {
    const repository = await foreignRepository(
      `foreign-${checksum}`,
      ...['--checksum', checksum, '--general-compress-type', compression],
    )
    const before = await Promise.all(kinds.map((kind) => readForeign(repository, kind)))
    const repomd = await readFile(join(repository, 'repodata/repomd.xml'), 'utf8')

    await publishRpms(added, { to: repository, key, adopt: true })

    for (const [index, kind] of kinds.entries()) {
      const after = packagesOf(await readRepodata(repository, kind))
      for (const [id, raw] of packagesOf(before[index] ?? '')) expect(after.get(id)).toBe(raw)
      expect(after.size).toBe(rpms.length + added.length)
    }
    const adopted = await readFile(join(repository, 'repodata/repomd.xml'), 'utf8')
    for (const type of ['group', 'group_gz', 'updateinfo', 'modules', 'productid']) {
      const [record = 'absent'] = new RegExp(`<data type="${type}">.*?</data>`, 's').exec(repomd) ?? []
      if (type === 'group_gz' && record === 'absent') continue
      expect(adopted).toContain(record)
    }
    for (const [tag] of repomd.matchAll(/<(content|repo|distro)\b.*?<\/\1>/gs)) expect(adopted).toContain(tag)
    expect(adopted).not.toContain('_db"')
    const { storage, format, entry } = await readAll(repository, key.verifier)
    expect(await format.inspect(storage, entry, { verifier: key.verifier })).toEqual([])
  })

  async function readForeign(repository: string, kind: string): Promise<string> {
    const repomd = await readFile(join(repository, 'repodata/repomd.xml'), 'utf8')
    const [, path = ''] = new RegExp(`<data type="${kind}">.*?href="([^"]+)"`, 's').exec(repomd) ?? []
    return mustRun(path.endsWith('.xz') ? 'xz' : 'gzip', ['-dc', join(repository, path)])
  }

  test('keeps packages that are listed twice, and those that are stored elsewhere', async () => {
    const repository = await foreignRepository(
      'foreign-elsewhere',
      '--baseurl',
      'https://mirror.example.org/x/',
    )
    await mkdir(join(repository, 'again'))
    await copyFile(rpms[0] ?? '', join(repository, 'again', basename(rpms[0] ?? '')))
    await mustRun('createrepo_c', ['-q', '--baseurl', 'https://mirror.example.org/x/', repository])

    await publishRpms(added, { to: repository, key, adopt: true })

    for (const kind of kinds) {
      const raws = (await readRepodata(repository, kind)).match(/<package .*?<\/package>/gs) ?? []
      expect(raws).toHaveLength(rpms.length + 1 + added.length)
    }
    const { entries } = await readAll(repository, key.verifier)
    expect(entries.filter(({ path }) => path.startsWith('https://mirror.example.org/x/'))).toHaveLength(
      rpms.length + 1,
    )
  })

  test('is adopted in the form of createrepo_c 2: zstd, no databases, unknown records', async () => {
    const repository = await foreignRepository('foreign-zstd', '--no-database')
    const before = packagesOf(await readRepodata(repository, 'primary'))
    const unknown =
      '<data type="something-new"><checksum type="sha256">SUM</checksum><location href="repodata/x"/></data>'
    let repomd = await readFile(join(repository, 'repodata/repomd.xml'), 'utf8')
    for (const kind of kinds) repomd = await recompressed(repository, repomd, kind)
    repomd = repomd.replace('</repomd>', `${unknown.replace('SUM', '0'.repeat(64))}</repomd>`)
    await writeFile(join(repository, 'repodata/repomd.xml'), repomd)

    await publishRpms(added, { to: repository, key, adopt: true })

    const after = packagesOf(await readRepodata(repository, 'primary'))
    for (const [id, raw] of before) expect(after.get(id)).toBe(raw)
    expect(after.size).toBe(rpms.length + added.length)
    const adopted = await readFile(join(repository, 'repodata/repomd.xml'), 'utf8')
    expect(adopted).toContain(unknown.replace('SUM', '0'.repeat(64)))
    const { storage, format, entry } = await readAll(repository, key.verifier)
    expect(await format.inspect(storage, entry, {})).toMatchObject([
      { code: 'DNF_METADATA_MISSING', path: 'repodata/x' },
    ])
  })

  async function recompressed(repository: string, repomd: string, kind: string): Promise<string> {
    const [record = ''] = new RegExp(`<data type="${kind}">.*?</data>`, 's').exec(repomd) ?? []
    const [, path = ''] = /href="([^"]+)"/.exec(record) ?? []
    const packed = path.replace(/gz$/, 'zst')
    await mustRun('sh', ['-c', `gzip -dc '${path}' | zstd -q -o '${packed}'`], { cwd: repository })
    const [sum = ''] = (await mustRun('sha256sum', [packed], { cwd: repository })).split(' ')
    const { size } = await stat(join(repository, packed))
    const changed = record
      .replace(/(<checksum [^>]*>)[0-9a-f]+/, `$1${sum}`)
      .replace(path, packed)
      .replace(/<size>\d+/, `<size>${size}`)
    return repomd.replace(record, changed)
  }

  test('from a machine whose clock was wrong keeps its age, and is signed today', async () => {
    const repository = await foreignRepository('foreign-future', '--revision', '4102444800')

    await publishRpms(added, { to: repository, key, adopt: true })

    const repomd = await readFile(join(repository, 'repodata/repomd.xml'), 'utf8')
    expect(repomd).toContain('<revision>4102444800</revision>')
    const signature = join(repository, 'repodata/repomd.xml.asc')
    const packets = await mustRun('gpg', ['--homedir', folder, '--list-packets', signature])
    expect(packets).toContain(`created ${now.getTime() / 1000}`)
  })

  test('keeps its old metadata for readers that hold the old repomd.xml', async () => {
    const repository = await foreignRepository('foreign-old')
    const before = await listFiles(repository)

    await publishRpms(added, { to: repository, key, adopt: true })

    expect(await listFiles(repository)).toEqual(expect.arrayContaining(before))
  })
})
