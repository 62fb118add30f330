import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generatedFiles } from './generated-files.ts'

const root = join(import.meta.dirname, '../..')

for (const { path, render } of generatedFiles) {
  test(`${path} is as "npm run generate" writes it`, () => {
    const written = readFileSync(join(root, path), 'utf8')

    expect(render(() => written)).toBe(written)
  })
}
