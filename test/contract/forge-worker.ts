// Makes one whole release, as a run does, and can be killed at any time; see forge.ts beside it.

import type { NewRelease } from '../../src/forge/forge.ts'
import { forges } from '../../src/forge/index.ts'
import type { Digest } from '../../src/lib/digest.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { createChosen } from '../../src/steps/choice.ts'

export interface Work {
  readonly provider: string
  readonly options: JsonObject
  readonly root: string
  readonly environment: { readonly [name: string]: string }
  readonly release: NewRelease
  readonly date: string
  readonly assets: readonly { readonly name: string; readonly file: string; readonly digest: Digest }[]
}

const work: Work = JSON.parse(process.argv[2] ?? '')
const { root, environment, release } = work
const forge = createChosen(forges, { provider: work.provider, options: work.options }, { root, environment })

await forge.createTag({
  name: release.tag,
  commit: release.commit,
  message: release.name,
  date: new Date(work.date),
})
await forge.createDraft(release)
for (const asset of work.assets) await forge.uploadAsset(release.tag, asset)
await forge.publish(release.tag)
