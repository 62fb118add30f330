import { memoryEngine } from '../../src/engine/memory/memory-engine.ts'
import type { Run } from '../../src/pipeline/run.ts'
import { engineContract } from '../contract/engine.ts'

engineContract('in memory', async () => {
  let records: () => readonly Run[] = () => []
  return {
    open: async (execute) => {
      const engine = memoryEngine({ execute, runs: records() })
      records = engine.records
      return engine
    },
    remove: async () => undefined,
  }
})
