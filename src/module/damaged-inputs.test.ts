import { expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { buildModule } from './build-module.ts'
import { readDescriptor, writeDescriptor } from './component-descriptor.ts'
import { fromV3, writeDescriptorV3 } from './component-descriptor-v3.ts'
import { normalisedDescriptor } from './component-signature.ts'
import { renderManifest } from './render/render-manifest.ts'
import { readScanConfig, writeScanConfig } from './scan-config.ts'
import { plainManifest, renderImages } from './testdata/render-cases.ts'
import { originModule, sampleInputs, sampleScan } from './testdata/sample-module.ts'
import { readYamlDocument } from './yaml-text.ts'

const { descriptor } = await buildModule(originModule, sampleInputs)

/** Readers with a text that they take. */
const readers: { readonly [name: string]: readonly [string, (text: string) => unknown] } = {
  descriptor: [writeDescriptor(descriptor), (text) => normalisedDescriptor(readDescriptor(text, 'x'))],
  'descriptor v3': [writeDescriptorV3(descriptor), (text) => fromV3(readYamlDocument(text, 'x'), 'x')],
  'scan config': [writeScanConfig(sampleScan, 'old'), (text) => readScanConfig(text, 'x')],
  manifest: [
    plainManifest,
    (text) => renderManifest(text, 'x', { images: renderImages, namePrefix: 'a-', namespace: 'b' }),
  ],
}

test.each(Object.entries(readers))(
  'a damaged %s is read or refused, and is never a bug of ours',
  (_name, [text, read]) => {
    read(text)
    const random = generator(20_261_121)
    const bugs: string[] = []

    for (let round = 0; round < 150; round += 1) {
      const damaged = damage(text, random)
      try {
        read(damaged)
      } catch (error) {
        if (!(error instanceof UserError)) bugs.push(`${String(error)}\n${damaged}`)
      }
    }

    expect(bugs).toEqual([])
  },
)

const pieces = [
  '',
  '\n',
  ' ',
  ': ',
  '- ',
  '[',
  '{',
  '"',
  '&a ',
  '*a',
  '!!int ',
  '---\n',
  'null',
  '<<: ',
  '? ',
  '\u0000',
  'é',
  '|',
]

function damage(text: string, random: () => number): string {
  let result = text
  for (let count = 1 + Math.floor(random() * 3); count > 0; count -= 1) {
    const start = Math.floor(random() * result.length)
    const removed = Math.floor(random() * 12)
    const piece = pieces[Math.floor(random() * pieces.length)] ?? ''
    result = result.slice(0, start) + piece + result.slice(start + removed)
  }
  return result
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
