import {
  type Answer,
  type Body,
  type Call,
  created,
  Denial,
  type Handlers,
  invalid,
  noContent,
  notFound,
  ok,
  page,
} from './exchange.ts'
import { commitNamed } from './git-routes.ts'
import { referencesChanged } from './references.ts'
import { generateNotes } from './release-notes.ts'
import { releaseShape } from './release-shapes.ts'
import type { ReleaseState, World } from './world.ts'

const R = '/repos/{owner}/{repo}/releases'

export const releaseRoutes: Handlers = {
  [`GET ${R}`]: { needs: 'read', answer: list },
  [`POST ${R}`]: { needs: 'contents:write', answer: create },
  [`GET ${R}/latest`]: { needs: 'read', answer: latest },
  [`GET ${R}/tags/{tag}`]: { needs: 'read', answer: byTag },
  [`POST ${R}/generate-notes`]: { needs: 'contents:write', answer: notes },
  [`GET ${R}/{release_id}`]: {
    needs: 'read',
    answer: (world, call) => ok(releaseShape(world, releaseOf(world, call))),
  },
  [`PATCH ${R}/{release_id}`]: { needs: 'contents:write', answer: update },
  [`DELETE ${R}/{release_id}`]: { needs: 'contents:write', answer: remove },
}

/** Drafts are there for writers only. */
export function releaseOf(world: World, { parameters, viewer }: Call): ReleaseState {
  const found = world.releases.find(({ id }) => String(id) === parameters['release_id'])
  if (found === undefined || (found.isDraft && !viewer.isWriter)) throw notFound()
  return found
}

const isText = (value: unknown): value is string => typeof value === 'string'

function list(world: World, call: Call): Answer {
  const visible = world.listed(world.releases).filter(({ isDraft }) => !isDraft || call.viewer.isWriter)
  // Drafts first, then the newest.
  const sorted = visible.toSorted((a, b) => Number(b.isDraft) - Number(a.isDraft) || b.id - a.id)
  const { items, headers } = page(call, sorted, `${world.api}/releases`, world.switches.pageSizeMax)
  return { status: 200, json: items.map((release) => releaseShape(world, release)), headers }
}

/** Two drafts of one tag are no error: who looks by tag does not see the first one and makes another. */
async function create(world: World, { body, viewer }: Call): Promise<Answer> {
  const tag = isText(body['tag_name']) ? body['tag_name'] : ''
  if (tag === '') throw invalid({ resource: 'Release', code: 'missing_field', field: 'tag_name' })
  const isDraft = body['draft'] === true
  if (!isDraft) refuseSecond(world, tag, undefined)
  const target = isText(body['target_commitish']) ? body['target_commitish'] : world.defaultBranch
  if ((await commitNamed(world, target)) === undefined)
    throw invalid({ resource: 'Release', code: 'invalid', field: 'target_commitish' })
  const name = isText(body['name']) ? body['name'] : ''
  const generated =
    body['generate_release_notes'] === true
      ? await generateNotes(world, { tag, target, previousTag: undefined })
      : undefined
  const release: ReleaseState = {
    ...world.lagging(),
    id: world.id(),
    tag,
    target,
    name: name === '' ? (generated?.name ?? name) : name,
    body: [isText(body['body']) ? body['body'] : '', generated?.body ?? '']
      .filter((part) => part !== '')
      .join('\n\n'),
    isDraft: true,
    isPrerelease: body['prerelease'] === true,
    isImmutable: false,
    author: viewer.login,
    createdAt: world.time(),
    publishedAt: null,
    assets: [],
  }
  world.releases.push(release)
  world.emit('release', { action: 'created', release: releaseShape(world, release) }, viewer.login)
  if (!isDraft) await publish(world, release, viewer.login)
  return created(releaseShape(world, release))
}

function refuseSecond(world: World, tag: string, self: ReleaseState | undefined): void {
  if (world.burntTags.has(tag))
    throw invalid({
      resource: 'Release',
      code: 'custom',
      field: 'tag_name',
      message: 'tag_name was used by an immutable release',
    })
  const other = world.releases.find((release) => release !== self && !release.isDraft && release.tag === tag)
  if (other !== undefined) throw invalid({ resource: 'Release', code: 'already_exists', field: 'tag_name' })
}

/** Publishing makes a tag that is not there. */
async function publish(world: World, release: ReleaseState, sender: string): Promise<void> {
  refuseSecond(world, release.tag, release)
  const commit = await commitNamed(world, release.target)
  if (commit === undefined) throw invalid({ resource: 'Release', code: 'invalid', field: 'target_commitish' })
  if (await world.git.createReference(`refs/tags/${release.tag}`, commit))
    await referencesChanged(world, sender)
  release.isDraft = false
  release.publishedAt = world.time()
  release.isImmutable = world.switches.immutableReleases
  await world.lockReferences()
  const shape = releaseShape(world, release)
  world.emit('release', { action: 'published', release: shape }, sender)
  world.emit('release', { action: release.isPrerelease ? 'prereleased' : 'released', release: shape }, sender)
}

function latest(world: World): Answer {
  const found = world.releases.filter(({ isDraft, isPrerelease }) => !isDraft && !isPrerelease).at(-1)
  if (found === undefined) throw notFound()
  return ok(releaseShape(world, found))
}

/** Never finds a draft, for nobody. */
function byTag(world: World, { parameters: { tag = '' } }: Call): Answer {
  const found = world.releases.find((release) => !release.isDraft && release.tag === tag)
  if (found === undefined) throw notFound()
  return ok(releaseShape(world, found))
}

async function notes(world: World, { body }: Call): Promise<Answer> {
  const tag = isText(body['tag_name']) ? body['tag_name'] : ''
  const target = isText(body['target_commitish']) ? body['target_commitish'] : world.defaultBranch
  const previousTag = isText(body['previous_tag_name']) ? body['previous_tag_name'] : undefined
  return ok({ ...(await generateNotes(world, { tag, target, previousTag })) })
}

async function update(world: World, call: Call): Promise<Answer> {
  const release = releaseOf(world, call)
  const { body, viewer } = call
  if (
    release.isImmutable &&
    ['tag_name', 'target_commitish', 'draft'].some((name) => changes(release, body, name))
  )
    throw invalid({
      resource: 'Release',
      code: 'custom',
      message: 'Cannot change this of an immutable release.',
    })
  const tag = body['tag_name']
  if (isText(tag) && !release.isDraft) refuseSecond(world, tag, release)
  if (isText(tag)) release.tag = tag
  if (isText(body['target_commitish'])) release.target = body['target_commitish']
  if (isText(body['name'])) release.name = body['name']
  if (isText(body['body'])) release.body = body['body']
  if (typeof body['prerelease'] === 'boolean') release.isPrerelease = body['prerelease']
  if (release.isDraft && body['draft'] === false) await publish(world, release, viewer.login)
  else if (body['draft'] === true) release.isDraft = true
  world.emit('release', { action: 'edited', release: releaseShape(world, release) }, viewer.login)
  return ok(releaseShape(world, release))
}

function changes(release: ReleaseState, body: Body, name: string): boolean {
  const now = { tag_name: release.tag, target_commitish: release.target, draft: release.isDraft }[name]
  return body[name] !== undefined && body[name] !== now
}

/** Of an immutable release, too; its tag is then used up. */
async function remove(world: World, call: Call): Promise<Answer> {
  const release = releaseOf(world, call)
  world.releases.splice(world.releases.indexOf(release), 1)
  if (release.isImmutable) world.burntTags.add(release.tag)
  await world.lockReferences()
  world.emit('release', { action: 'deleted', release: releaseShape(world, release) }, call.viewer.login)
  return noContent
}

/** Immutable releases refuse every change of their assets. */
export function refuseImmutable(release: ReleaseState): void {
  if (release.isImmutable) throw new Denial(422, 'Cannot change the assets of an immutable release.')
}
