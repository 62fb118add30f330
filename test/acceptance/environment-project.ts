import { createHash } from 'node:crypto'
import { hawserYaml } from './files.ts'
import { commit, type TestProject, type TestProjectOptions, testProject } from './project.ts'

export const question = 'Publish 1.0.0 to production?'

/** `storage` says where a repository is, as it stands in hawser.yaml. */
export interface EnvironmentChoices extends Pick<TestProjectOptions, 'engine'> {
  readonly storage?: (repository: string) => string
  readonly approval?: boolean
}

/**
 * The project of the acceptance tests with two environments: dev goes to staging by itself, main to production with an
 * approval. Staging has one test, which is red while there is a file `red` in the project.
 */
export async function environmentProject({
  engine = 'memory',
  storage = (name) => `file: { path: repositories/${name} }`,
  approval = true,
}: EnvironmentChoices = {}): Promise<TestProject> {
  const choices = { packages: ['hello'], architectures: ['amd64'], parallel: 4 }
  const project = await testProject({ ...choices, engine })
  const yaml = hawserYaml({ ...choices, key: 'file:.hawser/keys/release.asc' })
  const [head = '', rest = ''] = yaml.split('repositories:\n')
  const [, forge = ''] = rest.split('forge:\n')
  await project.write(
    'hawser.yaml',
    `${head}repositories:
${['debian-staging', 'debian'].map((name) => repository(name, 'apt: { suite: stable }', storage(name))).join('')}${[
  'fedora-staging',
  'fedora',
]
  .map((name) => repository(name, 'dnf: {}', storage(name)))
  .join('')}
environments:
  staging: { repositories: [debian-staging, fedora-staging], branches: [dev] }
  production:
    repositories: [debian, fedora]
    from: staging
    branches: [main]
${approval ? "    approval: 'Publish ${version} to production?'\n" : ''}
forge:
${forge}  steps:
    - id: try
      step: run-job
      needs: ['publish:debian-staging', 'publish:fedora-staging']
      before: ['tested:staging']
      with: { name: try, job: { provider: process, options: { run: '! test -e red' } }, againAfterMs: 50 }
`,
  )
  await project.write('.gitignore', '/.hawser/\n/dist/\n/releases/\n/repositories/\n/red\n')
  await commit(project, 'Two environments')
  await project.git('branch', 'dev')
  return project
}

const repository = (name: string, format: string, storage: string): string => `  ${name}:
    ${format}
    storage: { ${storage} }
    url: https://packages.example.org/${name}
    keys: [release]
`

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What a signed record says. */
export function recordIn(text: string): Record<string, unknown> {
  const [, json = ''] = /\n\n(\{.*\})\n-----BEGIN PGP SIGNATURE-----/s.exec(text) ?? []
  return JSON.parse(json)
}
