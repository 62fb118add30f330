import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRestateEngine } from '../../src/engine/restate/restate-engine.ts'
import { engineContract } from '../contract/engine.ts'

engineContract('on Restate', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-engine-'))
  return {
    open: (execute) =>
      openRestateEngine({
        folder,
        execute,
        codeVersion: '1',
        onNotice: (text) => {
          throw new Error(`Nothing unusual was expected: ${text}`)
        },
      }),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
})
