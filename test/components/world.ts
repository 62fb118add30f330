import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { type Bumped, bumpComponent } from '../../src/release/bump-component.ts'
import { findProject } from '../../src/release/project.ts'
import { emptyProject, type TestProject } from '../acceptance/project.ts'
import { serve } from '../sources/server.ts'

export const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex')

/** A project that pins an upstream, and that upstream's server. */
export interface Upstream {
  readonly project: TestProject
  readonly origin: string
  /** Path → content; may be changed while the server runs. */
  readonly files: Map<string, string | Buffer>
  write(path: string, content: string): Promise<void>
  read(): Promise<string>
  bump(version: string, component?: string): Promise<Bumped>
  /** The error as people read it, without what differs from run to run. */
  failure(version: string, component?: string): Promise<string>
}

export async function upstream(
  config: (origin: string) => string,
  published: { readonly [path: string]: string | Buffer } = {},
): Promise<Upstream> {
  const files = new Map(Object.entries(published))
  const { origin } = await serve((request, response) => {
    const body = files.get(request.url ?? '')
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  const project = await emptyProject({})
  onTestFinished(() => project.remove())
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(project.root, path)), { recursive: true })
    await writeFile(join(project.root, path), content)
  }
  await write('hawser.yaml', config(origin))
  const bump = async (version: string, component = 'kubernetes') =>
    bumpComponent({
      ...{ component, version, inputs: {}, log: () => undefined },
      project: await findProject({ cwd: project.root, environment: project.environment }),
      signal: new AbortController().signal,
    })
  return {
    ...{ project, origin, files, write, bump },
    read: () => readFile(join(project.root, 'hawser.yaml'), 'utf8'),
    failure: (version, component) =>
      bump(version, component).then(
        () => 'It did not fail',
        (error: unknown) =>
          failureText(error)
            .replaceAll(origin, 'https://upstream.example.org')
            .replaceAll(project.root, 'FOLDER')
            .replaceAll(/\b[0-9A-F]{16,40}\b/g, 'FINGERPRINT'),
      ),
  }
}
