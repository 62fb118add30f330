import { anonymous } from '../../src/oci/credentials/credential.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { openRegistry, type RegistryOptions } from '../../src/oci/registry/registry.ts'

/** A repository of a server of the test; waits between attempts take no time. */
export const openRepository = (
  host: string,
  options: Partial<RegistryOptions> = {},
  repository = 'team/app',
): OciStore =>
  openRegistry({
    host,
    credentials: anonymous,
    environment: {},
    maskSecret: () => undefined,
    wait: async () => undefined,
    random: () => 0,
    ...options,
  }).repository(repository)
