import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../../lib/child.ts'
import type { Credential, CredentialSource } from './credential.ts'
import { askHelper } from './credential-helper.ts'
import { type CredentialsFile, entryOf, readCredentialsFile } from './credentials-file.ts'

/** Docker Hub's key since its first version, whatever host its API has. */
const hubKey = 'https://index.docker.io/v1/'

/**
 * What `docker login` and `podman login` have kept, and their helpers. Each file is read once and each helper is asked
 * once for a registry; nothing is read before the first question.
 */
export function dockerCredentials(environment: Environment, homeFolder = homedir()): CredentialSource {
  let files: Promise<readonly CredentialsFile[]> | undefined
  const asked = new Map<string, Promise<Credential | undefined>>()
  const ask: AskHelper = (helper, server, path) => {
    const key = `${helper} ${server}`
    const answer = asked.get(key) ?? askHelper(helper, server, path, environment)
    asked.set(key, answer)
    // A helper that failed once, such as a locked password store, may know the next time.
    answer.catch(() => asked.delete(key))
    return answer
  }
  return async (registry, repository) => {
    files ??= readFiles(environment, homeFolder)
    return await findIn(await files, registry, repository, ask)
  }
}

type AskHelper = (helper: string, server: string, namedIn: string) => Promise<Credential | undefined>

async function findIn(
  files: readonly CredentialsFile[],
  registry: string,
  repository: string,
  ask: AskHelper,
): Promise<Credential | undefined> {
  const names = namesOf(registry, repository)
  const server = names.includes('docker.io') ? hubKey : registry
  for (const file of files) {
    const helper = first(names, file.credHelpers) ?? file.credsStore
    const kept = helper === undefined ? undefined : await ask(helper, server, file.path)
    const credential = kept ?? entryOf(file, names)
    if (credential !== undefined) return credential
  }
  return undefined
}

const first = <Value>(names: readonly string[], map: ReadonlyMap<string, Value>): Value | undefined =>
  names.map((name) => map.get(name)).find((value) => value !== undefined)

/** containers-auth.json(5): from `host/team/app` over `host/team` to `host`; the longest that a file has counts. */
function namesOf(registry: string, repository: string): readonly string[] {
  const host = ['index.docker.io', 'registry-1.docker.io'].includes(registry) ? 'docker.io' : registry
  const parts = repository === '' ? [] : repository.split('/')
  const paths = parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/'))
  return [...paths, host]
}

/** Files that the environment names come before those that are merely there. */
async function readFiles(environment: Environment, home: string): Promise<readonly CredentialsFile[]> {
  const {
    DOCKER_CONFIG: docker,
    REGISTRY_AUTH_FILE: podman,
    XDG_RUNTIME_DIR: runtime,
    XDG_CONFIG_HOME: config,
  } = environment
  const isNamed = (value: string | undefined): value is string => value !== undefined && value !== ''
  const named = [
    ...(isNamed(docker) ? [join(docker, 'config.json')] : []),
    ...(isNamed(podman) ? [podman] : []),
  ]
  const usual = [
    ...(isNamed(docker) ? [] : [join(home, '.docker/config.json')]),
    ...(isNamed(runtime) && !isNamed(podman) ? [join(runtime, 'containers/auth.json')] : []),
    ...(isNamed(podman)
      ? []
      : [join(isNamed(config) ? config : join(home, '.config'), 'containers/auth.json')]),
  ]
  const files = await Promise.all([...named, ...usual].map(readCredentialsFile))
  return files.filter((file) => file !== undefined)
}
