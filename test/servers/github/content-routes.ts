import { gitCommitShape } from './commit-shapes.ts'
import { type Answer, type Call, Denial, type Handlers, notFound, ok } from './exchange.ts'
import { commitNamed } from './git-routes.ts'
import type { Json } from './openapi.ts'
import { referencesChanged } from './references.ts'
import type { World } from './world.ts'

const R = '/repos/{owner}/{repo}'

export const contentRoutes: Handlers = {
  [`GET ${R}/contents/{path}`]: { needs: 'read', answer: read },
  [`PUT ${R}/contents/{path}`]: { needs: 'contents:write', answer: write },
  [`DELETE ${R}/contents/{path}`]: { needs: 'contents:write', answer: write },
}

async function read(world: World, { parameters: { path = '' }, query, headers }: Call): Promise<Answer> {
  const ref = query.get('ref') ?? world.defaultBranch
  const commit = await commitNamed(world, ref)
  if (commit === undefined) throw new Denial(404, `No commit found for the ref ${ref}`)
  const found = await world.git.at(commit, path)
  if (found === undefined) throw notFound()
  if (found.type === 'tree') {
    const entries = await world.git.listTree(found.id, false)
    const shapes = entries.map((entry) =>
      entryShape(world, {
        ...{ path: path === '' ? entry.path : `${path}/${entry.path}`, ref },
        ...{ sha: entry.sha, size: 0, type: entry.type },
      }),
    )
    return ok(shapes)
  }
  const content = await world.git.readBlob(found.id)
  if (headers.accept?.includes('raw') === true)
    return { status: 200, bytes: content, headers: { 'content-type': 'application/vnd.github.raw+json' } }
  // Above 1 MB the answer has no content; then the raw media type is needed.
  const isLarge = content.length > 1024 * 1024
  return ok({
    ...entryShape(world, { path, ref, sha: found.id, size: content.length, type: 'blob' }),
    encoding: isLarge ? 'none' : 'base64',
    content: isLarge ? '' : content.toString('base64').replace(/.{60}/g, '$&\n'),
  })
}

interface Entry {
  readonly path: string
  readonly ref: string
  readonly sha: string
  readonly size: number
  readonly type: string
}

function entryShape(world: World, { path, ref, sha, size, type }: Entry): { [key: string]: Json } {
  const url = `${world.api}/contents/${path}?ref=${encodeURIComponent(ref)}`
  const git = `${world.api}/git/${type}s/${sha}`
  const html = `${world.html}/blob/${encodeURIComponent(ref)}/${path}`
  return {
    type: type === 'tree' ? 'dir' : 'file',
    size,
    name: path.slice(path.lastIndexOf('/') + 1),
    path,
    sha,
    url,
    git_url: git,
    html_url: html,
    download_url: type === 'tree' ? null : html.replace('/blob/', '/raw/'),
    _links: { self: url, git, html },
  }
}

/** A commit on a branch that changes one file. What it replaces must be named, so that nothing is overwritten unseen. */
async function write(world: World, call: Call): Promise<Answer> {
  const { path = '' } = call.parameters
  // Deleting may be asked for without a body.
  const given = (name: string): string | undefined => {
    const value = call.body[name] ?? call.query.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const branch = given('branch') ?? world.defaultBranch
  const head = await world.git.resolve(`refs/heads/${branch}`)
  if (head === undefined) throw new Denial(404, `Branch ${branch} not found`)
  if (world.protectedBranches.has(branch))
    throw new Denial(409, 'Repository rule violations found\n\nChanges must be made through a pull request.')
  const before = (await world.git.at(head, path))?.id
  if (before !== undefined && given('sha') === undefined)
    throw new Denial(422, `Invalid request.\n\n"sha" wasn't supplied.`)
  if (before !== given('sha')) throw new Denial(409, `${path} does not match ${given('sha')}`)
  const content = given('content')
  const sha = content === undefined ? undefined : await world.git.writeBlob(Buffer.from(content, 'base64'))
  const id = await world.git.writeCommit({
    tree: await world.git.writeTree(head, [{ path, sha }]),
    parents: [head],
    message: given('message') ?? '',
    author: { ...world.person(call.viewer.login), ...(call.body['author'] as object | undefined) },
  })
  if (!(await world.git.setReference(`refs/heads/${branch}`, id, head)))
    throw new Denial(409, `${branch} was changed meanwhile`)
  await referencesChanged(world, call.viewer.login)
  const size = content === undefined ? 0 : Buffer.from(content, 'base64').length
  return {
    status: before === undefined ? 201 : 200,
    json: {
      content: sha === undefined ? null : entryShape(world, { path, ref: branch, sha, size, type: 'blob' }),
      commit: gitCommitShape(world, await world.git.commit(id)),
    },
  }
}
