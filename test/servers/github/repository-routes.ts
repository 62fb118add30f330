import { commitShape } from './commit-shapes.ts'
import { type Answer, type Call, type Handlers, notFound, ok, page } from './exchange.ts'
import { repositoryShape, userShape } from './repository-shapes.ts'
import type { World } from './world.ts'

const R = '/repos/{owner}/{repo}'

export const repositoryRoutes: Handlers = {
  [`GET ${R}`]: {
    needs: 'read',
    answer: (world, { viewer }) =>
      ok({
        ...repositoryShape(world),
        permissions: { admin: false, maintain: false, push: viewer.isWriter, triage: false, pull: true },
      }),
  },
  'GET /user': { needs: 'read', answer: user },
  'GET /rate_limit': { needs: 'read', answer: rateLimit },
  [`GET ${R}/branches`]: { needs: 'read', answer: branches },
  [`GET ${R}/branches/{branch}`]: { needs: 'read', answer: branch },
  [`GET ${R}/tags`]: { needs: 'read', answer: tags },
  [`GET ${R}/immutable-releases`]: {
    needs: 'read',
    answer: ({ switches }) => {
      if (!switches.immutableReleases) throw notFound()
      return ok({ enabled: true, enforced_by_owner: false })
    },
  },
  [`GET ${R}/collaborators/{username}/permission`]: { needs: 'read', answer: permission },
  'GET /orgs/{org}/teams/{team_slug}/members': { needs: 'read', answer: members },
}

function user(world: World, { viewer }: Call): Answer {
  const date = '2020-01-01T00:00:00Z'
  return ok({
    ...userShape(world, viewer.login),
    ...{
      name: viewer.login,
      company: null,
      blog: null,
      location: null,
      email: null,
      hireable: null,
      bio: null,
    },
    ...{ public_repos: 1, public_gists: 0, followers: 0, following: 0, created_at: date, updated_at: date },
    ...{ private_gists: 0, total_private_repos: 0, owned_private_repos: 0, disk_usage: 0, collaborators: 0 },
    two_factor_authentication: true,
  })
}

function rateLimit({ switches: { rateLimit } }: World): Answer {
  const { limit, remaining, resetAt } = rateLimit
  const rate = { limit, remaining, reset: Math.ceil(resetAt.getTime() / 1000), used: limit - remaining }
  return ok({ resources: { core: rate, search: rate }, rate })
}

async function branches(world: World, call: Call): Promise<Answer> {
  const all = [...(await world.git.references())].filter(([name]) => name.startsWith('refs/heads/'))
  const { items, headers } = page(call, all, `${world.api}/branches`, world.switches.pageSizeMax)
  const json = items.map(([reference, { id }]) => {
    const name = reference.slice('refs/heads/'.length)
    return {
      name,
      commit: { sha: id, url: `${world.api}/commits/${id}` },
      protected: world.protectedBranches.has(name),
    }
  })
  return { status: 200, json, headers }
}

async function branch(world: World, { parameters: { branch: name = '' } }: Call): Promise<Answer> {
  const id = await world.git.resolve(`refs/heads/${name}`)
  if (id === undefined) throw notFound()
  const url = `${world.api}/branches/${encodeURIComponent(name)}`
  return ok({
    name,
    commit: commitShape(world, await world.git.commit(id)),
    _links: { self: url, html: `${world.html}/tree/${name}` },
    protected: world.protectedBranches.has(name),
    protection: { enabled: world.protectedBranches.has(name) },
    protection_url: `${url}/protection`,
  })
}

async function tags(world: World, call: Call): Promise<Answer> {
  const all = [...(await world.git.references())]
    .filter(([name]) => name.startsWith('refs/tags/'))
    .toReversed()
  const { items, headers } = page(call, all, `${world.api}/tags`, world.switches.pageSizeMax)
  const json = []
  for (const [reference] of items) {
    const name = reference.slice('refs/tags/'.length)
    const sha = (await world.git.resolve(reference)) ?? ''
    json.push({
      name,
      commit: { sha, url: `${world.api}/commits/${sha}` },
      zipball_url: `${world.api}/zipball/${reference}`,
      tarball_url: `${world.api}/tarball/${reference}`,
      node_id: Buffer.from(reference).toString('base64url'),
    })
  }
  return { status: 200, json, headers }
}

function permission(world: World, { parameters: { username = '' } }: Call): Answer {
  const owner = [...world.tokens.values()].find(({ login }) => login === username)
  const isMember = Object.values(world.settings.teams).some((members) => members.includes(username))
  const isWriter = owner?.permissions.contents === 'write' || isMember
  const role = isWriter ? 'write' : 'read'
  return ok({
    permission: role,
    role_name: role,
    user: { ...userShape(world, username), role_name: role },
  })
}

function members(world: World, call: Call): Answer {
  const { org = '', team_slug: team = '' } = call.parameters
  const logins = org === world.settings.owner ? world.settings.teams[team] : undefined
  if (logins === undefined) throw notFound()
  const address = `${world.settings.origin}/api/v3/orgs/${org}/teams/${team}/members`
  const { items, headers } = page(call, logins, address, world.switches.pageSizeMax)
  return { status: 200, json: items.map((login) => userShape(world, login)), headers }
}
