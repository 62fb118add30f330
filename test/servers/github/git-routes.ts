import { commitShape, gitCommitShape, referenceShape } from './commit-shapes.ts'
import {
  type Answer,
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
import { referencesChanged } from './references.ts'
import { nodeId } from './repository-shapes.ts'
import type { World } from './world.ts'

const R = '/repos/{owner}/{repo}'

export const gitRoutes: Handlers = {
  [`GET ${R}/git/ref/{ref}`]: { needs: 'read', answer: reference },
  [`GET ${R}/git/matching-refs/{ref}`]: { needs: 'read', answer: matchingReferences },
  [`POST ${R}/git/refs`]: { needs: 'contents:write', answer: createReference },
  [`PATCH ${R}/git/refs/{ref}`]: { needs: 'contents:write', answer: updateReference },
  [`DELETE ${R}/git/refs/{ref}`]: { needs: 'contents:write', answer: deleteReference },
  [`POST ${R}/git/tags`]: { needs: 'contents:write', answer: createTag },
  [`GET ${R}/git/tags/{tag_sha}`]: { needs: 'read', answer: tag },
  [`GET ${R}/git/commits/{commit_sha}`]: { needs: 'read', answer: gitCommit },
  [`POST ${R}/git/commits`]: { needs: 'contents:write', answer: createCommit },
  [`GET ${R}/git/trees/{tree_sha}`]: { needs: 'read', answer: tree },
  [`POST ${R}/git/trees`]: { needs: 'contents:write', answer: createTree },
  [`GET ${R}/git/blobs/{file_sha}`]: { needs: 'read', answer: blob },
  [`POST ${R}/git/blobs`]: { needs: 'contents:write', answer: createBlob },
  [`GET ${R}/commits`]: { needs: 'read', answer: commits },
  [`GET ${R}/commits/{ref}`]: { needs: 'read', answer: commit },
  [`GET ${R}/compare/{basehead}`]: { needs: 'read', answer: compare },
  // Described twice.
  [`GET ${R}/compare/{base}...{head}`]: { needs: 'read', answer: compare },
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** An id, a branch or a tag, as the addresses of commits take it. */
export async function commitNamed(world: World, name: string): Promise<string | undefined> {
  if (/^[0-9a-f]{40}$/.test(name)) return world.git.resolve(name)
  for (const prefix of ['refs/heads/', 'refs/tags/', 'refs/', ''])
    if (!name.startsWith('-')) {
      const id = await world.git.resolve(`${prefix}${name}`)
      if (id !== undefined) return id
    }
  return undefined
}

async function reference(world: World, { parameters: { ref = '' } }: Call): Promise<Answer> {
  const name = `refs/${ref}`
  const found = (await world.git.references()).get(name)
  if (found === undefined) throw notFound()
  return ok(referenceShape(world, name, found))
}

async function matchingReferences(world: World, { parameters: { ref = '' } }: Call): Promise<Answer> {
  const found = [...(await world.git.references())].filter(([name]) => name.startsWith(`refs/${ref}`))
  return ok(found.map(([name, target]) => referenceShape(world, name, target)))
}

async function createReference(world: World, { body, viewer }: Call): Promise<Answer> {
  const [name, id] = [text(body['ref']), text(body['sha'])]
  if (!/^refs\/.+\/?./.test(name)) throw new Denial(422, 'Reference name must start with refs/')
  const type = await typeOf(world, id)
  if (type === undefined) throw new Denial(422, 'Object does not exist')
  const tagName = name.replace(/^refs\/tags\//, '')
  if (name.startsWith('refs/tags/') && world.burntTags.has(tagName))
    throw new Denial(422, `Reference update failed: ${tagName} was used by an immutable release`)
  if (!(await world.git.createReference(name, id))) throw new Denial(422, 'Reference already exists')
  await referencesChanged(world, viewer.login)
  return created(referenceShape(world, name, { id, type }))
}

async function updateReference(world: World, { parameters, body, viewer }: Call): Promise<Answer> {
  const name = `refs/${parameters['ref'] ?? ''}`
  const id = text(body['sha'])
  const before = (await world.git.references()).get(name)
  if (before === undefined) throw new Denial(422, 'Reference does not exist')
  const type = await typeOf(world, id)
  if (type === undefined) throw new Denial(422, 'Object does not exist')
  refuseLocked(world, name)
  if (body['force'] !== true && !(await world.git.isAncestor(before.id, id)))
    throw new Denial(422, 'Update is not a fast forward')
  if (!(await world.git.setReference(name, id, before.id)))
    throw new Denial(409, 'Reference was changed meanwhile')
  await referencesChanged(world, viewer.login)
  return ok(referenceShape(world, name, { id, type }))
}

async function deleteReference(world: World, { parameters, viewer }: Call): Promise<Answer> {
  const name = `refs/${parameters['ref'] ?? ''}`
  if (!(await world.git.references()).has(name)) throw new Denial(422, 'Reference does not exist')
  refuseLocked(world, name)
  await world.git.deleteReference(name)
  await referencesChanged(world, viewer.login)
  return noContent
}

function refuseLocked(world: World, name: string): void {
  const locks = [
    ...world.releases.filter(({ isImmutable }) => isImmutable).map((release) => `refs/tags/${release.tag}`),
    ...[...world.protectedBranches].map((branch) => `refs/heads/${branch}`),
  ]
  if (locks.includes(name))
    throw new Denial(422, 'Repository rule violations found\n\nCannot update this protected ref.')
}

async function typeOf(world: World, id: string): Promise<string | undefined> {
  if (!/^[0-9a-f]{40}$/.test(id)) return undefined
  const type = await world.git.git(['cat-file', '-t', id], { answers: [128] })
  return type === '' ? undefined : type
}

async function createTag(world: World, { body, viewer }: Call): Promise<Answer> {
  const tagger = { ...world.person(viewer.login), ...(body['tagger'] as object | undefined) }
  const target = text(body['object'])
  const type = text(body['type'])
  if ((await typeOf(world, target)) !== type)
    throw invalid({ resource: 'Tag', field: 'object', code: 'invalid' })
  const seconds = Math.floor(Date.parse(tagger.date) / 1000)
  const message = text(body['message']).replace(/\n*$/, '\n')
  const head = `object ${target}\ntype ${type}\ntag ${text(body['tag'])}\ntagger ${tagger.name} <${tagger.email}> ${seconds} +0000\n`
  const input = Buffer.from(`${head}\n${message}`)
  const id = await world.git.git(['hash-object', '-w', '-t', 'tag', '--stdin'], { input })
  return created(await tagShape(world, id))
}

async function tag(world: World, { parameters: { tag_sha: id = '' } }: Call): Promise<Answer> {
  if ((await typeOf(world, id)) !== 'tag') throw notFound()
  return ok(await tagShape(world, id))
}

async function tagShape(world: World, id: string) {
  const content = await world.git.git(['cat-file', 'tag', id])
  const [head = '', ...rest] = content.split('\n\n')
  const field = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(head)?.[1] ?? ''
  const [, name = '', email = '', seconds = '0'] = /^(.*) <(.*)> (\d+)/.exec(field('tagger')) ?? []
  const message = rest.join('\n\n')
  const isSigned = /-----BEGIN (PGP|SSH) SIGNATURE-----/.test(message)
  const type = field('type')
  return {
    node_id: nodeId('Tag', id),
    tag: field('tag'),
    sha: id,
    url: `${world.api}/git/tags/${id}`,
    message: message.replace(/\n$/, ''),
    tagger: { name, email, date: new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z') },
    object: { type, sha: field('object'), url: `${world.api}/git/${type}s/${field('object')}` },
    verification: {
      verified: false,
      reason: isSigned ? 'unknown_key' : 'unsigned',
      signature: isSigned ? message.slice(message.indexOf('-----BEGIN')) : null,
      payload: isSigned ? content.slice(0, content.indexOf('-----BEGIN')) : null,
      verified_at: null,
    },
  }
}

async function gitCommit(world: World, { parameters: { commit_sha: id = '' } }: Call): Promise<Answer> {
  if ((await typeOf(world, id)) !== 'commit') throw notFound()
  return ok(gitCommitShape(world, await world.git.commit(id)))
}

async function createCommit(world: World, { body, viewer }: Call): Promise<Answer> {
  const author = { ...world.person(viewer.login), ...(body['author'] as object | undefined) }
  const committer = { ...author, ...(body['committer'] as object | undefined) }
  const parents = (body['parents'] ?? []) as string[]
  for (const id of [...parents])
    if ((await typeOf(world, id)) !== 'commit')
      throw new Denial(422, `Parent SHA does not exist or is not a commit object`)
  if ((await typeOf(world, text(body['tree']))) !== 'tree') throw new Denial(422, 'Tree SHA does not exist')
  const id = await world.git.writeCommit({
    tree: text(body['tree']),
    parents,
    message: text(body['message']),
    author,
    committer,
  })
  return created(gitCommitShape(world, await world.git.commit(id)))
}

async function tree(world: World, { parameters: { tree_sha: name = '' }, query }: Call): Promise<Answer> {
  const id = await world.git.resolve((await commitNamed(world, name)) ?? name, 'tree')
  if (id === undefined) throw notFound()
  return ok(await treeShape(world, id, query.has('recursive')))
}

async function treeShape(world: World, id: string, isRecursive: boolean) {
  const entries = await world.git.listTree(id, isRecursive)
  return {
    sha: id,
    url: `${world.api}/git/trees/${id}`,
    truncated: entries.length > world.switches.treeEntriesMax,
    tree: entries
      .slice(0, world.switches.treeEntriesMax)
      .map((entry) => ({ ...entry, url: `${world.api}/git/${entry.type}s/${entry.sha}` })),
  }
}

interface NewEntry {
  readonly path: string
  readonly mode?: string
  readonly sha?: string | null
  readonly content?: string
}

async function createTree(world: World, { body }: Call): Promise<Answer> {
  const base = typeof body['base_tree'] === 'string' ? body['base_tree'] : undefined
  if (base !== undefined && (await world.git.resolve(base, 'tree')) === undefined)
    throw new Denial(422, 'base_tree is not a valid tree oid')
  const changes = []
  for (const { path, mode = '100644', sha, content } of body['tree'] as unknown as readonly NewEntry[]) {
    const id = content === undefined ? sha : await world.git.writeBlob(Buffer.from(content))
    changes.push({ path, mode, sha: id ?? undefined })
  }
  return created(await treeShape(world, await world.git.writeTree(base, changes), false))
}

async function blob(world: World, { parameters: { file_sha: id = '' } }: Call): Promise<Answer> {
  if ((await typeOf(world, id)) !== 'blob') throw notFound()
  const content = await world.git.readBlob(id)
  return ok({
    sha: id,
    node_id: nodeId('Blob', id),
    url: `${world.api}/git/blobs/${id}`,
    size: content.length,
    encoding: 'base64',
    content: content.toString('base64'),
  })
}

async function createBlob(world: World, { body }: Call): Promise<Answer> {
  const encoding = body['encoding'] === 'base64' ? 'base64' : 'utf8'
  const sha = await world.git.writeBlob(Buffer.from(text(body['content']), encoding))
  return created({ sha, url: `${world.api}/git/blobs/${sha}` })
}

async function commits(world: World, call: Call): Promise<Answer> {
  const { query } = call
  const from = await commitNamed(world, query.get('sha') ?? world.defaultBranch)
  if (from === undefined) throw notFound()
  const limits = ['since', 'until', 'author'].flatMap((name) => {
    const value = query.get(name)
    return value === null ? [] : [`--${name}=${value}`]
  })
  const path = query.get('path')
  const all = await world.git.log([...limits, from, ...(path === null ? [] : ['--', path])])
  const { items, headers } = page(call, all, `${world.api}/commits`, world.switches.pageSizeMax)
  return { status: 200, json: items.map((item) => commitShape(world, item)), headers }
}

async function commit(world: World, { parameters: { ref = '' }, headers }: Call): Promise<Answer> {
  const id = await commitNamed(world, ref)
  if (id === undefined) {
    if (/^[0-9a-f]{40}$/.test(ref)) throw new Denial(422, `No commit found for SHA: ${ref}`)
    throw new Denial(422, `No commit found for the ref ${ref}`)
  }
  if (headers.accept?.includes('sha') === true)
    return { status: 200, bytes: Buffer.from(id), headers: { 'content-type': 'application/vnd.github.sha' } }
  return ok(commitShape(world, await world.git.commit(id)))
}

async function compare(world: World, call: Call): Promise<Answer> {
  const { basehead, base: one = '', head: other = '' } = call.parameters
  const [from = '', to = ''] = basehead?.split('...') ?? [one, other]
  const [base, head] = [await commitNamed(world, from), await commitNamed(world, to)]
  if (base === undefined || head === undefined) throw notFound()
  const common = await world.git.git(['merge-base', base, head], { answers: [1] })
  if (common === '') throw new Denial(404, `No common ancestor between ${from} and ${to}.`)
  const ahead = await world.git.log(['--reverse', `${base}..${head}`])
  const behind = Number(await world.git.git(['rev-list', '--count', `${head}..${base}`]))
  const url = `${world.api}/compare/${from}...${to}`
  // Without paging the first 250 are given.
  const asked = new URLSearchParams(call.query)
  if (!asked.has('page') && !asked.has('per_page')) asked.set('per_page', '250')
  const size = Math.min(Number(asked.get('per_page') ?? 250), 250)
  const { items, headers } = page(
    { ...call, query: asked },
    ahead,
    url,
    Math.min(size, world.switches.pageSizeMax),
  )
  const html = `${world.html}/compare/${from}...${to}`
  return {
    status: 200,
    headers,
    json: {
      url,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: commitShape(world, await world.git.commit(base)),
      merge_base_commit: commitShape(world, await world.git.commit(common)),
      status: comparison(ahead.length, behind),
      ahead_by: ahead.length,
      behind_by: behind,
      total_commits: ahead.length,
      commits: items.map((item) => commitShape(world, item)),
      files: [],
    },
  }
}

function comparison(ahead: number, behind: number): string {
  if (ahead > 0 && behind > 0) return 'diverged'
  if (ahead > 0) return 'ahead'
  return behind > 0 ? 'behind' : 'identical'
}
