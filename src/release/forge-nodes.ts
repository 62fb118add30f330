import type { Config } from '../config/config.ts'
import { jsonObject } from '../lib/json-copy.ts'
import { createDraft } from '../steps/create-draft/create-draft.ts'
import { createTag } from '../steps/create-tag/create-tag.ts'
import { publishRelease } from '../steps/publish-release/publish-release.ts'
import { uploadAssets } from '../steps/upload-assets/upload-assets.ts'
import type { NodeSketch } from './node-sketch.ts'

export const forgeIds: readonly string[] = ['tag', 'draft', 'assets']

/** What a release on the forge is made of. */
export interface Released {
  /** Steps whose artifacts are its assets. */
  readonly assets: readonly string[]
  /** What comes before the tag, beside them. */
  readonly before: readonly string[]
}

/** Tag → draft → assets. */
export function forgeNodes(
  { forge, release, keys: declaredKeys }: Config,
  notes: string,
  { assets, before: first }: Released,
): readonly NodeSketch[] {
  const { tag, title, isPrerelease, signTag, commitFrom } = release
  const before = commitFrom === undefined ? [] : [commitFrom]
  const key = signTag === undefined ? undefined : declaredKeys[signTag]
  return [
    {
      id: 'tag',
      step: createTag.name,
      options: jsonObject({ forge, tag, message: title, commitFrom, key }),
      needs: [...first, ...before],
    },
    {
      id: 'draft',
      step: createDraft.name,
      options: jsonObject({
        ...{ forge, tag, title, notes, isPrerelease, commitFrom },
        notesFrom: release.notes.from === 'forge' ? 'forge' : undefined,
      }),
      needs: ['tag', ...before],
    },
    {
      id: 'assets',
      step: uploadAssets.name,
      options: jsonObject({ forge, tag, from: assets }),
      needs: ['draft', ...assets],
    },
  ]
}

/** The release becomes public. */
export const publishReleaseNode = (
  { forge, release }: Config,
  from: readonly string[],
  needs: readonly string[],
): NodeSketch => ({
  id: 'publish-release',
  step: publishRelease.name,
  options: jsonObject({ forge, tag: release.tag, from }),
  needs,
})
