import { pathToFileURL } from 'node:url'
import { Refusal } from '../../errors.ts'
import type { ForgeRelease, NewRelease } from '../forge.ts'
import { listDraftAssets } from './assets.ts'
import { createRecord, immutable, type ReleaseFolder, readDraft, readPublished } from './release-folder.ts'

/** The release, else the draft. Published first: a release keeps its draft's file. */
export async function readRelease(folder: ReleaseFolder): Promise<ForgeRelease | undefined> {
  const url = pathToFileURL(folder.path).href
  const published = await readPublished(folder)
  if (published !== undefined) return { ...published, state: 'published', url }
  const draft = await readDraft(folder)
  if (draft === undefined) return undefined
  return { ...draft, state: 'draft', assets: await listDraftAssets(folder), url }
}

export async function createDraft(folder: ReleaseFolder, release: NewRelease): Promise<void> {
  const { tag, name, notes, commit, isPrerelease } = release
  const published = await readPublished(folder)
  if (published !== undefined) {
    const difference = differenceOf(published, release)
    if (difference !== undefined) throw immutable(tag, `it has another ${difference}`)
    return
  }
  const isNew = await createRecord(folder, folder.draftFile, { tag, name, notes, commit, isPrerelease })
  const found = isNew ? release : await readDraft(folder)
  const difference = found === undefined ? undefined : differenceOf(found, release)
  if (difference === undefined) return
  throw new Refusal('DRAFT_EXISTS', `A draft for the tag "${tag}" exists, with another ${difference}.`, {
    hint: `Remove the folder "${folder.path}" if nobody needs that draft, or choose the next version.`,
  })
}

const words = {
  commit: 'commit',
  name: 'title',
  notes: 'text',
  isPrerelease: 'kind (pre-release or not)',
} as const

function differenceOf(found: NewRelease, wanted: NewRelease): string | undefined {
  if (found.commit !== wanted.commit) return words.commit
  if (found.name !== wanted.name) return words.name
  if (found.notes !== wanted.notes) return words.notes
  return found.isPrerelease === wanted.isPrerelease ? undefined : words.isPrerelease
}
