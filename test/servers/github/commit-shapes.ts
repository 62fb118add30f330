import type { GitCommit } from './bare-repository.ts'
import type { Json } from './openapi.ts'
import { nodeId, userShape } from './repository-shapes.ts'
import type { World } from './world.ts'

type Shape = { [key: string]: Json }

/** A commit as `/commits` shows it. */
export function commitShape(world: World, commit: GitCommit): Shape {
  const url = `${world.api}/commits/${commit.id}`
  return {
    url,
    sha: commit.id,
    node_id: nodeId('Commit', commit.id),
    html_url: `${world.html}/commit/${commit.id}`,
    comments_url: `${url}/comments`,
    commit: {
      url: `${world.api}/git/commits/${commit.id}`,
      author: { ...commit.author },
      committer: { ...commit.committer },
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${world.api}/git/trees/${commit.tree}` },
      verification: unverified,
    },
    author: knownUser(world, commit.author.email),
    committer: knownUser(world, commit.committer.email),
    parents: commit.parents.map((sha) => parentShape(world, sha)),
  }
}

const unverified: Shape = {
  verified: false,
  reason: 'unsigned',
  signature: null,
  payload: null,
  verified_at: null,
}

const parentShape = (world: World, sha: string): Shape => ({
  sha,
  url: `${world.api}/commits/${sha}`,
  html_url: `${world.html}/commit/${sha}`,
})

/** GitHub knows a user by the mail address. */
function knownUser(world: World, email: string): Json {
  const [, login] = /^(.+)@users\.noreply\.github\.com$/.exec(email) ?? []
  return login === undefined ? null : userShape(world, login)
}

/** A commit as the git database shows it. */
export function gitCommitShape(world: World, commit: GitCommit): Shape {
  return {
    sha: commit.id,
    node_id: nodeId('Commit', commit.id),
    url: `${world.api}/git/commits/${commit.id}`,
    html_url: `${world.html}/commit/${commit.id}`,
    author: { ...commit.author },
    committer: { ...commit.committer },
    message: commit.message,
    tree: { sha: commit.tree, url: `${world.api}/git/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => parentShape(world, sha)),
    verification: unverified,
  }
}

/** `name` is full: refs/heads/main. */
export function referenceShape(
  world: World,
  name: string,
  { id, type }: { readonly id: string; readonly type: string },
): Shape {
  return {
    ref: name,
    node_id: nodeId('Ref', name),
    url: `${world.api}/git/${name}`,
    object: { type, sha: id, url: `${world.api}/git/${type}s/${id}` },
  }
}
