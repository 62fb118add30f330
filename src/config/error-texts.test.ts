import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatFinding } from './finding.ts'
import { parseConfig } from './parse-config.ts'
import type { FileState } from './project-files.ts'
import { fakeKinds } from './testdata/fake-kinds.ts'

const cases = join(import.meta.dirname, 'testdata/cases')
const look = async (path: string): Promise<FileState> => (path === 'folder' ? 'folder' : 'absent')

describe('what is said about bad files', () => {
  for (const file of readdirSync(cases).sort()) {
    const name = file.replace('.yaml', '')
    test(name, async () => {
      const text = readFileSync(join(cases, file))

      const { config, findings } = await parseConfig(fakeKinds, { text, file: 'hawser.yaml', look })

      expect(config).toBeUndefined()
      const said = findings.map((finding) => `${formatFinding(finding)}\n    (${finding.code})\n`).join('')
      await expect(said).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
    })
  }
})
