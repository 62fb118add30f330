import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { type ExtraMetadataFiles, extraMetadata } from './extra-metadata.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-extra-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const comps = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps><group><id>tools</id><name>Tools é</name><packagelist/></group></comps>
`
const modules = `---
document: modulemd
version: 2
data: { name: hello, stream: "1" }
...
---
document: modulemd-defaults
version: 1
data: { module: hello }
...
`
const updateinfo = '<updates><update type="security"><id>X-1</id></update></updates>\n'

async function madeOf(contents: { readonly [kind in keyof ExtraMetadataFiles]: string }) {
  const files: Record<string, string> = {}
  for (const [kind, text] of Object.entries(contents)) {
    files[kind] = `${kind}-file`
    await writeFile(join(folder, `${kind}-file`), text)
  }
  return extraMetadata(files, folder)
}

describe('records', () => {
  test('are those of createrepo_c: groups plain and in gzip, the others in gzip, all under their digest', async () => {
    const { uploads, records } = await madeOf({ comps, modules, updateinfo })

    expect(uploads.map(({ path }) => path.replace(/[0-9a-f]{64}/, 'DIGEST'))).toEqual([
      'repodata/DIGEST-comps.xml',
      'repodata/DIGEST-comps.xml.gz',
      'repodata/DIGEST-modules.yaml.gz',
      'repodata/DIGEST-updateinfo.xml.gz',
    ])
    const contents = uploads.map(({ body }) => Buffer.from(body as Uint8Array))
    expect(contents[0]?.toString()).toBe(comps)
    expect(contents.slice(1).map((bytes) => gunzipSync(bytes).toString())).toEqual([
      comps,
      modules,
      updateinfo,
    ])
    // How small gzip makes it is zlib's business.
    const said = records(1751371200).map((record) =>
      record
        .replaceAll(/[0-9a-f]{64}/g, 'DIGEST')
        .replace(/(?<=open-checksum[\s\S]*)<size>\d+/, '<size>PACKED'),
    )
    await expect(`${said.join('\n')}\n`).toMatchFileSnapshot('testdata/extra-metadata-records.xml')
  })

  test('are the same bytes each time', async () => {
    const [first, second] = [await madeOf({ comps, updateinfo }), await madeOf({ comps, updateinfo })]

    expect(second.uploads).toEqual(first.uploads)
    expect(second.records(1)).toEqual(first.records(1))
  })

  test('take the place of every form of the same kind, and of nothing else', async () => {
    const { replaces } = await madeOf({ comps, modules })

    const there = ['group', 'group_gz', 'group_zck', 'modules', 'modules_zck', 'updateinfo', 'productid']
    expect(there.filter(replaces)).toEqual(['group', 'group_gz', 'group_zck', 'modules', 'modules_zck'])
  })

  test('are missing where the repository has an older file, and none are without files', async () => {
    const before = await madeOf({ updateinfo })
    const there = before.uploads.map(({ path }) => ({
      type: 'updateinfo',
      checksum: { type: 'sha256', value: path.slice('repodata/'.length).split('-')[0] ?? '' },
    }))
    expect(before.isIn(there)).toBe(true)

    const after = await madeOf({ updateinfo: updateinfo.replace('X-1', 'X-2') })

    expect(after.isIn(there)).toBe(false)
    expect((await extraMetadata({}, folder)).isIn([])).toBe(true)
  })
})

const bad: { readonly [name: string]: () => Promise<unknown> } = {
  'comps-other-root': () => madeOf({ comps: '<groups/>' }),
  'comps-cut-off': () => madeOf({ comps: comps.slice(0, -10) }),
  'comps-entities': () => madeOf({ comps: '<!DOCTYPE comps [<!ENTITY a "b">]><comps>&a;</comps>' }),
  'comps-not-utf8': async () => {
    await writeFile(join(folder, 'latin1'), Buffer.from('<comps>\xe9</comps>', 'latin1'))
    return extraMetadata({ comps: 'latin1' }, folder)
  },
  'modules-no-yaml': () => madeOf({ modules: '---\ndocument: [modulemd\n' }),
  'modules-other-document': () => madeOf({ modules: `${modules}---\nname: hello\n` }),
  'modules-empty': () => madeOf({ modules: '' }),
  'updateinfo-json': () => madeOf({ updateinfo: '{"updates": []}' }),
  'file-absent': () => extraMetadata({ updateinfo: 'nowhere/updateinfo.xml' }, folder),
  'file-outside': () => extraMetadata({ comps: '../comps.xml' }, folder),
}

describe('a file that clients would stumble over is told', () => {
  test.each(Object.entries(bad))('%s', async (name, attempt) => {
    const failure: unknown = await attempt().catch((error: unknown) => error)

    const text = failureText(failure).replaceAll(folder, 'PROJECT')
    await expect(text).toMatchFileSnapshot(`testdata/errors/extra-${name}.txt`)
  })
})
