import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { default as addFormats } from 'ajv-formats'

/** Where Debian has the image specification's own schemas. */
const folder = '/usr/share/gocode/src/github.com/opencontainers/image-spec/schema'

export type SchemaName = 'image-manifest' | 'image-index' | 'config' | 'image-layout'

/** Checks JSON against the image specification; gives what is wrong. */
export function imageSchemaFindings(name: SchemaName, text: string): readonly string[] {
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats.default(ajv)
  for (const file of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
    ajv.addSchema(withoutDialect(JSON.parse(readFileSync(join(folder, file), 'utf8'))) as object, file)
  }
  const validate = ajv.getSchema(`${name}-schema.json`)
  if (validate === undefined) throw new Error(`There is no schema for ${name} in ${folder}`)
  validate(JSON.parse(text))
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** Draft 4 calls `$id` `id`; nothing else in these schemas is its own. References are by file name. */
function withoutDialect(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDialect)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(
    ([key, own]) => !((key === 'id' || key === '$schema') && typeof own === 'string'),
  )
  return Object.fromEntries(kept.map(([key, own]) => [key, withoutDialect(own)]))
}
