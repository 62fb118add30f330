import { expect, test } from 'vitest'
import { z } from 'zod'
import { sourceProviders } from './index.ts'

test('every source has an example that fits its own options, and a description of each option', () => {
  for (const { name, options, example } of sourceProviders) {
    expect(options.safeParse(example).success, name).toBe(true)
    for (const [option, schema] of Object.entries(options.shape)) {
      expect(z.toJSONSchema(schema, { io: 'input' }).description, `${name}.${option}`).toMatch(/\.$/)
    }
  }
})

test('names are unique', () => {
  const names = sourceProviders.map(({ name }) => name)
  expect(new Set<string>(names).size).toBe(names.length)
})
