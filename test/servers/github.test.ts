import { Octokit } from 'octokit'
import { afterEach, expect, test } from 'vitest'
import { type GitHubOptions, type GitHubStandIn, startGitHub } from './github/github.ts'

let github: GitHubStandIn | undefined

afterEach(async () => {
  await github?.close()
  github = undefined
})

async function started(options: GitHubOptions = {}) {
  github = await startGitHub(options)
  const [owner = '', repo = ''] = github.repository.split('/')
  const octokit = new Octokit({
    auth: github.token,
    baseUrl: github.baseUrl,
    throttle: { enabled: false },
    retry: { enabled: false },
  })
  return { github, octokit, rest: octokit.rest, repo: { owner, repo } }
}

test('a draft is made, gets assets, and is published with its tag; drafts are not found by tag', async () => {
  const { rest, repo, github } = await started()
  const { data: head } = await rest.repos.getBranch({ ...repo, branch: 'main' })

  const { data: draft } = await rest.repos.createRelease({
    ...repo,
    tag_name: '1.2.0',
    target_commitish: head.commit.sha,
    draft: true,
  })
  const { data: asset } = await rest.repos.uploadReleaseAsset({
    ...repo,
    release_id: draft.id,
    url: draft.upload_url,
    name: 'template.yaml',
    data: 'kind: Template\n',
    headers: { 'content-type': 'application/yaml' },
  })
  await expect(rest.repos.getReleaseByTag({ ...repo, tag: '1.2.0' })).rejects.toMatchObject({ status: 404 })
  const { data: published } = await rest.repos.updateRelease({ ...repo, release_id: draft.id, draft: false })

  expect(asset.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(published.assets.map(({ name }) => name)).toEqual(['template.yaml'])
  const { data: tag } = await rest.git.getRef({ ...repo, ref: 'tags/1.2.0' })
  expect(tag.object.sha).toBe(head.commit.sha)
  expect(github.world.releases).toHaveLength(1)
})
