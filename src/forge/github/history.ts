import { z } from 'zod'
import type { Commit } from '../forge.ts'
import type { Connection } from './connection.ts'
import { commitMissing, type Tags } from './tags.ts'

const commitShape = z.object({
  sha: z.string(),
  commit: z.object({
    message: z.string(),
    author: z.object({ name: z.string().optional() }).nullable(),
    committer: z.object({ date: z.string().optional() }).nullable(),
  }),
})

export async function commitsBetween(
  from: string | undefined,
  to: string,
  tags: Tags,
  connection: Connection,
): Promise<readonly Commit[]> {
  const head = await commitOf(to, tags)
  const { repository } = connection
  if (from === undefined) {
    const all = await connection.list('listing the commits', z.array(commitShape), (github, page) =>
      github.request('GET /repos/{owner}/{repo}/commits', { ...repository, sha: head, ...page }),
    )
    return all.map(commitIn)
  }
  const base = await commitOf(from, tags)
  if (base === head) return []
  const page = z.object({ commits: z.array(commitShape) }).transform(({ commits }) => commits)
  const between = await connection.list('comparing commits', page, (github, which) =>
    github.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
      ...repository,
      basehead: `${base}...${head}`,
      ...which,
    }),
  )
  // This one comes oldest first.
  return between.map(commitIn).reverse()
}

async function commitOf(revision: string, tags: Tags): Promise<string> {
  const commit = await tags.resolve(revision)
  if (commit === undefined) throw commitMissing(revision)
  return commit
}

/** Title and body as git's %s and %b tell them apart: the first paragraph, and the rest. */
function commitIn({ sha, commit }: z.output<typeof commitShape>): Commit {
  const text = commit.message.replaceAll('\r\n', '\n').trimStart()
  const end = /\n[ \t]*\n/.exec(text)?.index ?? text.length
  return {
    id: sha,
    title: text.slice(0, end).trimEnd().replaceAll('\n', ' '),
    body: text
      .slice(end)
      .replace(/^\s*\n/, '')
      .trimEnd(),
    author: commit.author?.name ?? '',
    date: Math.floor(Date.parse(commit.committer?.date ?? '1970-01-01T00:00:00Z') / 1000),
  }
}
