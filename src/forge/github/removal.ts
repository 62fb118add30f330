import { z } from 'zod'
import { Refusal } from '../../errors.ts'
import type { Removal } from '../forge-parts.ts'
import { checkAssetName, checkTagName } from '../names.ts'
import type { Assets } from './assets.ts'
import type { Connection } from './connection.ts'
import { absentIsFine, type GitHubRelease, type Releases } from './releases.ts'

export function removal(connection: Connection, releases: Releases, assets: Assets): Removal {
  const mutable = async (tag: string): Promise<readonly GitHubRelease[]> => {
    checkTagName(tag)
    const all = await releases.allRaw(tag)
    if (all.some(({ immutable }) => immutable === true)) throw isForGood(tag)
    return all
  }
  return {
    deleteRelease: async (tag) => {
      for (const release of await mutable(tag)) await releases.removeRaw(release)
    },
    deleteTag: async (tag) => {
      await mutable(tag)
      await absentIsFine(
        connection.set(`removing the tag "${tag}"`, z.unknown(), (github) =>
          github.request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', {
            ...connection.repository,
            ref: `tags/${tag}`,
          }),
        ),
      )
    },
    deleteAsset: async (tag, name) => {
      checkAssetName(name)
      for (const release of await mutable(tag)) {
        const asset = await assets.find(release, name)
        if (asset !== undefined) await assets.remove(asset)
      }
    },
  }
}

function isForGood(tag: string): Refusal {
  return new Refusal(
    'RELEASE_IMMUTABLE',
    `The release "${tag}" is immutable: nothing of it can be removed or replaced.`,
    {
      hint: 'Choose the next version. The setting "release immutability" of the repository is for exactly this.',
    },
  )
}
