import { expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { bumpScanConfig } from './bump-scan-config.ts'
import { readScanConfig } from './scan-config.ts'

const file = `module-name: btp-operator
rc-tag: 1.1.0
# What the image scanner reads.
protecode:
  - registry.example.org/prod/btp-manager:1.1.0
  - localhost:5000/tools/proxy:0.1.0 # not ours
whitesource:
  language: golang-mod
  subprojects: false
`
const name = 'registry.example.org/prod/btp-manager'

test('a release sets its tag and images, and leaves the rest as it was written', () => {
  const bumped = bumpScanConfig(file, 'scan.yaml', { rcTag: '1.2.0', images: [{ name, newTag: '1.2.0' }] })

  expect(bumped).toBe(
    file.replace('rc-tag: 1.1.0', 'rc-tag: 1.2.0').replace('manager:1.1.0', 'manager:1.2.0'),
  )
})

test('a file without a tag gets one, and the same release changes nothing twice', () => {
  const bump = { rcTag: '1.2', images: [{ name: 'localhost:5000/tools/proxy', newTag: '0.2.0' }] }
  const once = bumpScanConfig(file.replace('rc-tag: 1.1.0\n', ''), 'scan.yaml', bump)

  expect(readScanConfig(once, 'scan.yaml').rcTag).toBe('1.2')
  expect(bumpScanConfig(once, 'scan.yaml', bump)).toBe(once)
})

test('an image that the file does not name is refused', async () => {
  let error: unknown
  try {
    bumpScanConfig(file, 'scan.yaml', { images: [{ name: 'registry.example.org/other', newTag: '1' }] })
  } catch (caught) {
    error = caught
  }

  await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/scan-config-other-image.txt')
})
