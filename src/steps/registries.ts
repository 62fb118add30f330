import { z } from 'zod'
import { resolveSecret } from '../lib/secret.ts'
import type { Credential, CredentialSource } from '../oci/credentials/credential.ts'
import { dockerCredentials } from '../oci/credentials/docker-credentials.ts'
import type { OciStore } from '../oci/oci-store.ts'
import { parseReference } from '../oci/reference.ts'
import { openRegistry, type Registry } from '../oci/registry/registry.ts'
import type { PortContext } from './choice.ts'

/** How a registry is reached, as hawser.yaml says it; secrets as references. */
export const registryOptions = z.object({
  plainHttp: z.boolean().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  token: z.string().optional(),
  chunkMiB: z.number().optional(),
  parallel: z.number().optional(),
})

/** By host. A host that is not there is reached in the usual way, with the credentials of docker and podman. */
export const registriesOptions = z.record(z.string(), registryOptions)
export type RegistriesOptions = z.infer<typeof registriesOptions>

/** Registries of one process, each with its connections, logins and limits, whichever step asks. */
const opened = new WeakMap<AbortSignal, Map<string, Registry>>()

/** The repository of a reference: `ghcr.io/team/app`, its tag and digest left aside. */
export function openRepositoryOf(
  reference: string,
  registries: RegistriesOptions,
  context: PortContext,
): OciStore {
  const { registry: host, repository } = parseReference(reference)
  const known = opened.get(context.signal) ?? new Map<string, Registry>()
  opened.set(context.signal, known)
  const registry = known.get(host) ?? openHost(host, registries[host], context)
  known.set(host, registry)
  return registry.repository(repository)
}

function openHost(
  host: string,
  options: z.infer<typeof registryOptions> | undefined,
  context: PortContext,
): Registry {
  const { environment, maskSecret, log } = context
  return openRegistry({
    host,
    plainHttp: options?.plainHttp,
    credentials: credentialsOf(options, context),
    environment,
    maskSecret,
    log,
    parallel: options?.parallel,
    chunkBytes: options?.chunkMiB === undefined ? undefined : options.chunkMiB << 20,
  })
}

function credentialsOf(
  options: z.infer<typeof registryOptions> | undefined,
  context: PortContext,
): CredentialSource {
  const { username, password, token } = options ?? {}
  const declared = async (): Promise<Credential> => {
    const { line } = await resolveSecret(token ?? password ?? '', context)
    context.maskSecret(line)
    return token === undefined
      ? { kind: 'password', username: username ?? '', password: line }
      : { kind: 'bearer', token: line }
  }
  return token === undefined && password === undefined ? dockerCredentials(context.environment) : declared
}
