import { Readable } from 'node:stream'
import type { ArtifactStore } from '../artifacts/store.ts'
import { type Digest, digestOf } from '../lib/digest.ts'
import type { StepContext } from '../pipeline/step.ts'
import type { FetchedSource } from '../sources/source.ts'
import type { Choice } from './choice.ts'
import { openSource, projectFiles } from './source-choice.ts'

/** The files that a step works with. Undefined: not at hand without fetching, which a probe never does. */
export interface Materials {
  readonly store: ArtifactStore
  readonly sourceNames: readonly string[]
  source(name: string): Promise<FetchedSource | undefined>
  /** Files of the project by path or glob. */
  project(pattern: string): Promise<FetchedSource | undefined>
  /** Files that are made on the way: in the store when fetching; only named when peeking. */
  keep(bytes: Uint8Array): Promise<Digest>
}

/** `peek` takes what is there and writes nothing; `fetch` brings what is missing into the store. */
export function materialsOf(
  sources: { readonly [name: string]: Choice },
  context: StepContext,
  store: ArtifactStore,
  how: 'peek' | 'fetch',
): Materials {
  return {
    store,
    sourceNames: Object.keys(sources),
    source: async (name) => {
      const chosen = sources[name]
      if (chosen === undefined) throw new Error(`The step was given no source "${name}"`)
      return openSource(chosen, context, store)[how](context.signal)
    },
    project: async (pattern) => projectFiles(pattern, context, store)[how](context.signal),
    keep: async (bytes) => {
      const digest = digestOf(bytes)
      if (how === 'fetch') await store.add(Readable.from([bytes]), { expected: digest })
      return digest
    },
  }
}
