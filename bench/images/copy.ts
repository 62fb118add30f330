import { copyImage } from '../../src/oci/copy.ts'
import { anonymous } from '../../src/oci/credentials/credential.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'

// Copies one image: copy.ts FROM TO, each "oci:FOLDER" or "HOST/REPOSITORY"; the tag is "latest" on both sides.
const [, , from = '', to = ''] = process.argv

function open(place: string): OciStore {
  if (place.startsWith('oci:')) return openLayout(place.slice('oci:'.length))
  const slash = place.indexOf('/')
  const registry = openRegistry({
    host: place.slice(0, slash),
    credentials: anonymous,
    environment: {},
    maskSecret: () => undefined,
  })
  return registry.repository(place.slice(slash + 1))
}

await copyImage(open(from), 'latest', open(to), { tag: 'latest' })
