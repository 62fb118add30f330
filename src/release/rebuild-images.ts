import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { UserError } from '../errors.ts'
import { runGit } from '../lib/git.ts'
import { imageDifferences } from '../oci/compare-images.ts'
import { openLayout } from '../oci/layout/layout.ts'
import { openRepositoryOf } from '../steps/registries.ts'
import { buildImagesOnly } from './build-artifacts.ts'
import { contextOutside, type OutsideRun } from './open-declared.ts'
import type { ImageFindings } from './verify-images.ts'

/** Builds the images of a release once more, from its commit in a folder of its own, and compares them with what is in the registries. */
export async function rebuildImages(
  config: Config,
  version: string,
  commit: string,
  outside: OutsideRun,
): Promise<ImageFindings> {
  const findings: { code: string; message: string }[] = []
  const verified: string[] = []
  if (Object.keys(config.images).length === 0) return { findings, verified }
  const folder = await mkdtemp(join(tmpdir(), 'hawser-rebuild-'))
  try {
    const root = join(folder, 'checkout')
    await checkout(root, commit, outside)
    outside.log(`building ${Object.keys(config.images).join(', ')} again`)
    const project = { ...outside.project, root }
    await buildImagesOnly({ project, version, inputs: config.inputs, signal: outside.signal })
    for (const { name, push, tags } of Object.values(config.images)) {
      const store = openLayout(join(root, 'dist', version, `${name}.oci`))
      for (const repository of push) {
        const there = openRepositoryOf(repository, config.registries, contextOutside(outside))
        const [ours, theirs] = [
          await store.manifest([...(await tagsOf(store))][0] ?? ''),
          await there.manifest(tags[0] ?? '', { signal: outside.signal }),
        ]
        if (ours === undefined || theirs === undefined) {
          findings.push({ code: 'IMAGE_ABSENT', message: `${repository} has no image to compare with.` })
          continue
        }
        const lines = await imageDifferences(
          { store, manifest: ours },
          { store: there, manifest: theirs },
          outside.signal,
        )
        if (lines.length === 0) verified.push(`image ${repository} is what its commit builds`)
        else
          findings.push({
            code: 'IMAGE_REBUILD',
            message: `${repository} is not what its commit builds here ("here" is this build, "there" the registry):\n${lines.join('\n')}`,
          })
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { findings, verified }
}

async function tagsOf(store: ReturnType<typeof openLayout>): Promise<readonly string[]> {
  const tags: string[] = []
  for await (const tag of store.tags()) tags.push(tag)
  return tags
}

/** The files as they were committed: nothing of a work tree, a cache or an earlier build takes part. */
async function checkout(root: string, commit: string, { project, signal }: OutsideRun): Promise<void> {
  const { environment } = project
  await runGit(['clone', '--quiet', '--no-checkout', '--shared', project.root, root], {
    cwd: project.root,
    environment,
    signal,
  })
  try {
    await runGit(['checkout', '--quiet', '--detach', commit], { cwd: root, environment, signal })
  } catch (cause) {
    throw new UserError('REBUILD_COMMIT', `The commit ${commit} of the release is not in this repository.`, {
      hint: 'Fetch it first: git fetch --tags.',
      cause,
    })
  }
}
