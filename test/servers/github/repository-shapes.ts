import type { Json } from './openapi.ts'
import type { World } from './world.ts'

type Shape = { [key: string]: Json }

export const nodeId = (kind: string, id: number | string): string =>
  Buffer.from(`${kind}:${id}`).toString('base64url')

/** Users have the same id in every run. */
function idOf(login: string): number {
  let id = 7
  for (const character of login) id = (id * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003
  return id
}

export function userShape(world: World, login: string): Shape {
  const url = `${world.settings.origin}/api/v3/users/${encodeURIComponent(login)}`
  const html = `${world.settings.origin}/${encodeURIComponent(login)}`
  return {
    login,
    id: idOf(login),
    node_id: nodeId('User', idOf(login)),
    avatar_url: `${html}.png`,
    gravatar_id: '',
    url,
    html_url: html,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: login.endsWith('[bot]') ? 'Bot' : 'User',
    site_admin: false,
  }
}

/** Of the property `NAME_url`. */
const addresses: { readonly [name: string]: string } = {
  archive: '/{archive_format}{/ref}',
  assignees: '/assignees{/user}',
  blobs: '/git/blobs{/sha}',
  branches: '/branches{/branch}',
  collaborators: '/collaborators{/collaborator}',
  comments: '/comments{/number}',
  commits: '/commits{/sha}',
  compare: '/compare/{base}...{head}',
  contents: '/contents/{+path}',
  contributors: '/contributors',
  deployments: '/deployments',
  downloads: '/downloads',
  events: '/events',
  forks: '/forks',
  git_commits: '/git/commits{/sha}',
  git_refs: '/git/refs{/sha}',
  git_tags: '/git/tags{/sha}',
  hooks: '/hooks',
  issue_comment: '/issues/comments{/number}',
  issue_events: '/issues/events{/number}',
  issues: '/issues{/number}',
  keys: '/keys{/key_id}',
  labels: '/labels{/name}',
  languages: '/languages',
  merges: '/merges',
  milestones: '/milestones{/number}',
  notifications: '/notifications{?since,all,participating}',
  pulls: '/pulls{/number}',
  releases: '/releases{/id}',
  stargazers: '/stargazers',
  statuses: '/statuses/{sha}',
  subscribers: '/subscribers',
  subscription: '/subscription',
  tags: '/tags',
  teams: '/teams',
  trees: '/git/trees{/sha}',
}

export function minimalRepositoryShape(world: World): Shape {
  const { owner, name, isPrivate } = world.settings
  const urls = Object.entries(addresses).map(([key, path]) => [`${key}_url`, `${world.api}${path}`])
  return {
    id: 1,
    node_id: nodeId('Repository', 1),
    name,
    full_name: world.fullName,
    owner: { ...userShape(world, owner), type: 'Organization' },
    private: isPrivate,
    html_url: world.html,
    description: null,
    fork: false,
    url: world.api,
    default_branch: world.defaultBranch,
    ...Object.fromEntries(urls),
  }
}

export function repositoryShape(world: World): Shape {
  const open = world.pulls.filter(({ state }) => state === 'open').length
  const date = '2020-01-01T00:00:00Z'
  return {
    ...minimalRepositoryShape(world),
    git_url: `git:${world.html.replace(/^https?:/, '')}.git`,
    ssh_url: `git@${new URL(world.html).hostname}:${world.fullName}.git`,
    clone_url: `${world.html}.git`,
    svn_url: world.html,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    ...{ forks: 0, forks_count: 0, stargazers_count: 0, watchers: 0, watchers_count: 0, size: 1 },
    ...{ subscribers_count: 0, network_count: 0, open_issues: open, open_issues_count: open },
    ...{ has_issues: true, has_projects: false, has_wiki: false, has_pages: false },
    ...{ has_discussions: false, has_downloads: true, archived: false, disabled: false },
    ...{ pushed_at: date, created_at: date, updated_at: date },
  }
}
