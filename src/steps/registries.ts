import { openDeclaredRegistry, type RegistriesOptions } from '../oci/declared-registry.ts'
import type { OciStore } from '../oci/oci-store.ts'
import { parseReference } from '../oci/reference.ts'
import type { Registry } from '../oci/registry/registry.ts'
import type { PortContext } from './choice.ts'

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
  const registry = known.get(host) ?? openDeclaredRegistry(host, registries, context)
  known.set(host, registry)
  return registry.repository(repository)
}
