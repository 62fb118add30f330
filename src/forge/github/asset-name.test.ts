import { expect, test } from 'vitest'
import { assetNameOf, labelFor } from './asset-name.ts'

test.each([
  [{ name: 'tool_1.0.rc1.deb', label: 'tool_1.0~rc1.deb' }, 'tool_1.0~rc1.deb'],
  [{ name: 'tool_1.0.rc1+b.deb', label: 'tool_1.0~rc1+b.deb' }, 'tool_1.0~rc1+b.deb'],
  [{ name: 'tool.deb', label: 'Debian package' }, 'tool.deb'],
  [{ name: 'tool.deb', label: '' }, 'tool.deb'],
  [{ name: 'tool.deb', label: null }, 'tool.deb'],
  [{ name: 'a.b', label: 'a-b' }, 'a.b'],
])('%j is called %s', (asset, name) => {
  expect(assetNameOf(asset)).toBe(name)
})

test.each(['template.yaml', 'btp-operator_1.2.0.tar.gz', 'v1'])('%s needs no label', (name) => {
  expect(labelFor(name)).toBeUndefined()
})

test.each(['a~b', 'a+b', 'größe.txt', 'a b', 'a.', '@a'])('%s is kept in the label', (name) => {
  expect(labelFor(name)).toBe(name)
})
