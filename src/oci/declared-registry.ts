import { z } from 'zod'
import type { Environment } from '../lib/child.ts'
import { resolveSecret } from '../lib/secret.ts'
import type { Credential, CredentialSource } from './credentials/credential.ts'
import { dockerCredentials } from './credentials/docker-credentials.ts'
import { openRegistry, type Registry } from './registry/registry.ts'

/** How a registry is reached, as hawser.yaml says it; secrets as references. */
const registryOptions = z.object({
  plainHttp: z.boolean().optional().describe('HTTP without TLS.'),
  username: z.string().optional().describe('The account.'),
  password: z.string().optional().describe('Where its password is: env:NAME, file:PATH or cmd:COMMAND.'),
  token: z.string().optional().describe('Where a finished bearer token is, instead of an account.'),
  chunkMiB: z.number().optional().describe('Blobs are sent in pieces of so many MiB.'),
  parallel: z.number().optional().describe('Blobs that are sent at the same time.'),
})

/** By host. A host that is not there is reached in the usual way, with the credentials of docker and podman. */
export const registriesOptions = z.record(z.string(), registryOptions)
export type RegistriesOptions = z.infer<typeof registriesOptions>

export interface RegistryWorld {
  /** The project's folder, for secrets in files. */
  readonly root: string
  readonly environment: Environment
  readonly signal: AbortSignal
  readonly log?: ((text: string) => void) | undefined
  maskSecret(secret: string | Uint8Array): void
}

export function openDeclaredRegistry(
  host: string,
  registries: RegistriesOptions,
  world: RegistryWorld,
): Registry {
  const options = registries[host]
  const { environment, maskSecret, log } = world
  return openRegistry({
    host,
    plainHttp: options?.plainHttp,
    credentials: credentialsOf(options, world),
    environment,
    maskSecret,
    log,
    parallel: options?.parallel,
    chunkBytes: options?.chunkMiB === undefined ? undefined : options.chunkMiB << 20,
  })
}

function credentialsOf(
  options: z.infer<typeof registryOptions> | undefined,
  world: RegistryWorld,
): CredentialSource {
  const { username, password, token } = options ?? {}
  const declared = async (): Promise<Credential> => {
    const { line } = await resolveSecret(token ?? password ?? '', world)
    world.maskSecret(line)
    return token === undefined
      ? { kind: 'password', username: username ?? '', password: line }
      : { kind: 'bearer', token: line }
  }
  return token === undefined && password === undefined ? dockerCredentials(world.environment) : declared
}
