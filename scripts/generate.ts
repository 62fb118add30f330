// npm run generate: writes everything that is derived from the schema of hawser.yaml. The unit tests fail when it is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedFiles } from '../src/config/generated-files.ts'

const root = join(import.meta.dirname, '..')
for (const { path, render } of generatedFiles) {
  const file = join(root, path)
  writeFileSync(
    file,
    render(() => readFileSync(file, 'utf8')),
  )
  console.error(`wrote ${path}`)
}
