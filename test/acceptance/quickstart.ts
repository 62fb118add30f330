import { existsSync } from 'node:fs'
import { cp, readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { commit, emptyProject, keyPath, newKey, type TestProject } from './project.ts'

const home = resolve(import.meta.dirname, '../..')

/** examples/quickstart as `npm run demo` makes it, with the durable engine and a key of RSA, which every client accepts. */
export async function quickstartProject(): Promise<TestProject> {
  const project = await emptyProject({ engine: 'durable' })
  await cp(join(home, 'examples/quickstart'), project.root, { recursive: true })
  await project.write('.gitignore', '/.hawser/\n/dist/\n')
  await project.write(keyPath, await newKey({ algorithm: 'rsa4096' }))
  await commit(project, 'Start the quickstart')
  return project
}

const demoStore = join(home, '.hawser/demo/quickstart/.hawser/store')

/**
 * Puts the sources that a project has fetched (without its builds) into the store of another one. Without a `store`:
 * those of the demo, when it ran in this checkout; else the release fetches them from the registry itself.
 */
export async function seedSources({ root }: TestProject, store = demoStore): Promise<void> {
  for (const name of await recordsIn(store)) {
    const [from, to] = [join(store, 'records', name), join(root, '.hawser/store/records', name)]
    const record = await readFile(from, 'utf8')
    if (record.includes('"artifacts"')) continue
    await cp(from, to)
    for (const [, hex = ''] of record.matchAll(/"sha256:([0-9a-f]{64})"/g)) {
      const blob = join('sha256', hex.slice(0, 2), hex)
      // A record's own digest and a tree's are no blobs.
      if (existsSync(join(store, blob))) await cp(join(store, blob), join(root, '.hawser/store', blob))
    }
  }
}

async function recordsIn(store: string): Promise<readonly string[]> {
  if (!existsSync(join(store, 'records'))) return []
  const names = await readdir(join(store, 'records'), { recursive: true })
  return names.filter((name) => name.endsWith('.json'))
}
