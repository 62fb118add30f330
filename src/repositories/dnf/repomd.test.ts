import { expect, test } from 'vitest'
import { latestTimestamp, parseRepomd, renderRepomd } from './repomd.ts'
import { withTags } from './tags.ts'

const sum = 'a'.repeat(64)
const record = (type: string, more = '') => `<data type="${type}">
    <checksum type="sha256">${sum}</checksum>
    <location href="repodata/${type}.xml.gz"/>
    <timestamp>1700000000.25</timestamp>${more}
  </data>`
const tags =
  '<tags>\n    <content>binary</content>\n    <distro cpeid="cpe:/o:x">X &amp; Y</distro>\n  </tags>'
const document = `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm" xmlns:s="urn:s">
  <revision>1690000000</revision>
  <repoid type="sha256">x</repoid>
  ${tags}
  ${record('primary', '\n    <unknown s:a="b"/>')}
  ${record('susedata')}
</repomd>
`

test('what is not understood comes back as it was', async () => {
  const repomd = await parseRepomd(Buffer.from(document))

  const again = renderRepomd({
    revision: repomd.revision ?? '',
    rootAttributes: repomd.rootAttributes,
    others: repomd.others.map(({ raw }) => raw),
    records: repomd.records.map(({ raw }) => raw),
  })

  expect(again).toBe(document)
})

test('the age of a repository is the newest time that it names', async () => {
  const repomd = await parseRepomd(Buffer.from(document))

  expect(latestTimestamp(repomd)).toBe(1_700_000_000)
  expect(latestTimestamp({ ...repomd, revision: '1800000000' })).toBe(1_800_000_000)
  expect(latestTimestamp({ ...repomd, revision: 'v9', records: [] })).toBe(0)
  expect(latestTimestamp(undefined)).toBe(0)
})

test('our tags join those that are there, once', async () => {
  const { others } = await parseRepomd(Buffer.from(document))
  const own = {
    content: ['binary', 'more'],
    repo: ['stable'],
    distro: [{ name: 'X & Y', cpeid: 'cpe:/o:x' }],
  }

  const [, joined = ''] = withTags(others, own)

  expect(joined).toBe(
    tags.replace('  </tags>', '    <content>more</content>\n    <repo>stable</repo>\n  </tags>'),
  )
  expect(withTags([{ name: 'tags', raw: joined }], own)).toEqual([joined])
  expect(withTags([{ name: 'tags', raw: '<tags/>' }], { ...own, content: [], distro: [] })).toEqual([
    '<tags>\n    <repo>stable</repo>\n  </tags>',
  ])
})
