import { expect, test } from 'vitest'
import { readXml } from './xml-elements.ts'

const shape = { where: 'primary.xml', root: 'metadata', namespace: 'urn:test', parts: ['name', 'location'] }

async function* piecesOf(text: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8')
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}

const first = `<package type="rpm" \n odd='a "b" &lt;'>
  <name>é &amp; 日本 😀</name>\r
  <x:extra><name>deeper</name><![CDATA[ <package> ]]></x:extra>
  <location href="a/b.rpm"/>
</package>`
const second = '<!-- about the next --><package><name><![CDATA[<raw>]]></name></package>'
const document = `\ufeff<?xml version="1.0" encoding="UTF-8"?>\r\n<metadata xmlns="urn:test" xmlns:x="urn:x" packages="2">
${first}\n\n${second}<suse:thing xmlns:suse="urn:suse"/></metadata>\n`

test.each([1, 2, 3, 7, 64, 4096])(
  'elements are kept byte for byte, read in pieces of %i',
  async (sizeBytes) => {
    const { rootAttributes, elements } = await readXml(piecesOf(document, sizeBytes), shape)

    expect(rootAttributes).toEqual({ xmlns: 'urn:test', 'xmlns:x': 'urn:x', packages: '2' })
    expect(elements.map(({ raw }) => raw)).toEqual([first, second, '<suse:thing xmlns:suse="urn:suse"/>'])
    expect(elements[0]?.attributes).toEqual({ type: 'rpm', odd: 'a "b" <' })
    expect(elements[0]?.parts.get('name')?.text).toBe('é & 日本 😀')
    expect(elements[0]?.parts.get('location')?.attributes).toEqual({ href: 'a/b.rpm' })
    expect(elements[1]?.parts.get('name')?.text).toBe('<raw>')
  },
)

test('a document without elements is empty, not wrong', async () => {
  const { elements } = await readXml(piecesOf('<metadata xmlns="urn:test" packages="0"/>', 5), shape)

  expect(elements).toEqual([])
})
