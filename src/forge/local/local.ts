import { resolve } from 'node:path'
import { z } from 'zod'
import { resolveCommit } from '../../lib/checkout.ts'
import type { Provider } from '../../provider.ts'
import type { Forge, ForgeContext, ForgeRelease } from '../forge.ts'
import { checkTagName } from '../names.ts'
import { downloadAsset, uploadAsset } from './assets.ts'
import { localContents } from './contents.ts'
import { gitAccess } from './git-access.ts'
import { commitsBetween } from './history.ts'
import { isTidy, publishDraft } from './publish.ts'
import { releaseFolder, tagsWithFolder } from './release-folder.ts'
import { createDraft, readRelease } from './releases.ts'
import { findRemoteTag, listRemoteTags, pushTag } from './remote-tags.ts'
import { localRemoval } from './removal.ts'
import { commitMissing, createLocalTag, findLocalTag, listLocalTags } from './tags.ts'

const options = z.strictObject({
  repository: z
    .string()
    .min(1)
    .default('.')
    .describe('Folder of the git repository, relative to hawser.yaml.'),
  releases: z
    .string()
    .min(1)
    .default('.hawser/releases')
    .describe('Folder of drafts and releases, relative to hawser.yaml. It is made when it is missing.'),
  remote: z
    .string()
    .regex(/^[^-\s]\S*$/)
    .optional()
    .describe('Name or address of a git remote that tags are pushed to; it then decides which tags exist.'),
  tagger: z
    .string()
    .regex(/^[^<>\n]+ <[^<>\s]+>$/, 'Write it as: Name <mail@example.org>')
    .optional()
    .describe('Who makes the tags. Without it: user.name and user.email of git, else who made the commit.'),
})

type Options = z.output<typeof options>

export const local: Provider<Forge, typeof options, ForgeContext> = {
  name: 'local',
  describe: 'A git repository for tags, and a folder for drafts and releases.',
  options,
  example: { releases: '.hawser/releases', remote: 'origin' },
  create: localForge,
}

function localForge(written: Options, context: ForgeContext): Forge {
  const { root, environment, signal } = context
  const cwd = resolve(root, written.repository)
  const releases = resolve(root, written.releases)
  const git = gitAccess({ cwd, environment, ...(signal === undefined ? {} : { signal }) })
  const { remote, tagger } = written

  const findTag: Forge['findTag'] = async (name) => {
    checkTagName(name)
    return remote === undefined ? findLocalTag(name, git) : findRemoteTag(name, remote, git)
  }
  const found = async (tag: string): Promise<ForgeRelease> => {
    const release = await readRelease(releaseFolder(releases, tag))
    if (release === undefined) throw new Error(`The release ${tag} vanished after it was written`)
    return release
  }
  return {
    location: `${cwd} (releases in ${releases})`,
    resolve: (revision) => resolveCommit(revision, git.options),
    findTag,
    listTags: async () => (remote === undefined ? listLocalTags(git) : listRemoteTags(remote, git)),
    createTag: async (tag) => {
      const created = await createLocalTag(tag, git, tagger)
      if (remote !== undefined) await pushTag(created, remote, git)
      return created
    },
    findRelease: async (tag) => readRelease(releaseFolder(releases, tag)),
    listReleases: async () => {
      const folders = (await tagsWithFolder(releases)).map((tag) => releaseFolder(releases, tag))
      const read = await Promise.all(folders.map(readRelease))
      // A folder without a record: whoever made the draft was killed before it was one.
      return read.filter((release) => release !== undefined)
    },
    createDraft: async (release) => {
      const commit = await resolveCommit(release.commit, git.options)
      if (commit === undefined) throw commitMissing(release.commit)
      await createDraft(releaseFolder(releases, release.tag), { ...release, commit })
      return found(release.tag)
    },
    uploadAsset: async (tag, asset) => uploadAsset(releaseFolder(releases, tag), tag, asset),
    downloadAsset: async (tag, name) => downloadAsset(releaseFolder(releases, tag), tag, name),
    publish: async (tag) => {
      await publishDraft(releaseFolder(releases, tag), tag, () => findTag(tag))
      return found(tag)
    },
    isTidy: async (tag) => isTidy(releaseFolder(releases, tag)),
    commitsBetween: async (from, to) => commitsBetween(from, to, git),
    contents: localContents(git),
    removal: localRemoval(releases, git, remote),
  }
}
