import { z } from 'zod'
import type { Connection } from './connection.ts'

export const pullShape = z.object({
  number: z.number(),
  title: z.string(),
  html_url: z.string(),
  state: z.enum(['open', 'closed']),
  merged_at: z.string().nullish(),
  closed_at: z.string().nullish(),
  merge_commit_sha: z.string().nullish(),
  body: z.string().nullish(),
  head: z.object({ ref: z.string(), sha: z.string() }),
  base: z.object({ ref: z.string() }),
  labels: z.array(z.object({ name: z.string() })),
  user: z.object({ login: z.string() }).nullable(),
})
export type GitHubPull = z.output<typeof pullShape>

/** Open, closed and merged ones. */
export function pullsFrom(branch: string, connection: Connection): Promise<GitHubPull[]> {
  const { owner } = connection.repository
  return connection.list(`looking for pull requests from "${branch}"`, z.array(pullShape), (github, page) =>
    github.request('GET /repos/{owner}/{repo}/pulls', {
      ...connection.repository,
      head: `${owner}:${branch}`,
      state: 'all',
      ...page,
    }),
  )
}
