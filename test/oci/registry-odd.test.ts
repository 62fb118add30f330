import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { digestOf } from '../../src/lib/digest.ts'
import { copyImage } from '../../src/oci/copy.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { referrersTag } from '../../src/oci/referrers.ts'
import { blobOf, bytesOf, imageIn } from '../contract/oci-store.ts'
import { type RegistryStandIn, startRegistryStandIn } from '../servers/oci-registry.ts'
import { openRepository } from './open-repository.ts'

let server: RegistryStandIn

beforeEach(async () => {
  server = await startRegistryStandIn()
})
afterEach(() => server.close())

const uploads = (method: string) =>
  server.seen.filter((request) => request.method === method && request.path.includes('/blobs/uploads/'))

describe('uploads', () => {
  test.each([
    [false, 'POST', 1],
    [404, 'POST', 2],
    [405, 'POST', 2],
  ] as const)(
    'a registry that does not mount (%s) gets the blob, with one session',
    async (mounts, method, sessions) => {
      server.switches.mounts = mounts
      const blob = blobOf(randomBytes(1000))
      await openRepository(server.host).putBlob(blob)
      server.clear()
      const mountFrom = { registry: server.host, repository: 'team/app' }

      const put = await openRepository(server.host, {}, 'team/other').putBlob({ ...blob, mountFrom })

      expect(put).toBe('uploaded')
      expect(uploads(method)).toHaveLength(sessions)
      expect(uploads('PUT')).toHaveLength(1)
    },
  )

  test('a mount is only asked for within the same registry', async () => {
    const mountFrom = { registry: 'registry.example.org', repository: 'team/app' }

    await openRepository(server.host, {}, 'team/other').putBlob({ ...blobOf(randomBytes(10)), mountFrom })

    expect(uploads('POST').map(({ query }) => `${query}`)).toEqual([''])
  })

  test('pieces are as large as the registry wants them at least', async () => {
    server.switches.chunkBytesMin = 300_000
    const blob = blobOf(randomBytes(1_000_000))

    expect(await openRepository(server.host, { chunkBytes: 100_000 }).putBlob(blob)).toBe('uploaded')

    expect(uploads('PATCH').map(({ headers }) => headers['content-range'])).toEqual([
      '0-299999',
      '300000-599999',
      '600000-899999',
      '900000-999999',
    ])
  })

  test('a piece that broke on the way goes on behind the last byte that came', async () => {
    let isBroken = false
    server.switches.fault = ({ method }) => {
      if (isBroken || method !== 'PATCH') return undefined
      isBroken = true
      return { kind: 'cut request', bytes: 123_456 }
    }
    const blob = blobOf(randomBytes(1_000_000))

    expect(await openRepository(server.host, { chunkBytes: 1_000_000 }).putBlob(blob)).toBe('uploaded')

    expect(uploads('PATCH').map(({ headers }) => headers['content-range'])).toEqual([
      '0-999999',
      '123456-999999',
    ])
  })

  test('a registry that counts otherwise gets the whole blob anew', async () => {
    let breaks = 0
    server.switches.fault = ({ method }) => {
      // The piece is lost, and where one goes on is refused in a way that says nothing.
      if (method !== 'PATCH' || breaks === 2) return undefined
      breaks++
      return breaks === 1 ? { kind: 'cut request', bytes: 500 } : { kind: 'answer', status: 400 }
    }
    const blob = blobOf(randomBytes(10_000))

    expect(await openRepository(server.host, { chunkBytes: 10_000 }).putBlob(blob)).toBe('uploaded')

    expect(uploads('POST')).toHaveLength(2)
  })

  test('an answer that comes before everything was sent ends the sending', async () => {
    server.switches.fault = ({ method }) => (method === 'PUT' ? { kind: 'answer', status: 403 } : undefined)
    let openedBytes = 0
    const bytes = randomBytes(1 << 20)
    const endless = {
      digest: digestOf('x'),
      sizeBytes: 2 ** 40,
      open: async function* () {
        for (;;) {
          openedBytes += bytes.length
          yield bytes
        }
      },
    }

    await expect(openRepository(server.host).putBlob(endless)).rejects.toMatchObject({
      code: 'OCI_FORBIDDEN',
    })
    expect(openedBytes).toBeLessThan(1 << 30)
    // The connection of before is not used for the next request.
    expect(await openRepository(server.host).hasBlob({ digest: digestOf('y'), size: 1 })).toBe(false)
  })

  test.each([
    ['less', 999],
    ['more', 1001],
  ])('a source that gives %s than its size is refused, and nothing is stored', async (_name, length) => {
    const blob = { ...blobOf(randomBytes(length)), sizeBytes: 1000 }
    const store = openRepository(server.host)

    await expect(store.putBlob(blob)).rejects.toMatchObject({ code: 'OCI_BLOB_SIZE' })

    expect(await store.hasBlob({ digest: blob.digest, size: length })).toBe(false)
  })

  test('no more blobs than the limit are sent at the same time, over all repositories', async () => {
    let [now, most] = [0, 0]
    const counted = (bytes: Buffer) => ({
      ...blobOf(bytes),
      async *open() {
        now++
        most = Math.max(most, now)
        try {
          yield* blobOf(bytes).open()
        } finally {
          now--
        }
      },
    })
    const store = openRepository(server.host, { parallel: 2 })

    await Promise.all(Array.from({ length: 8 }, () => store.putBlob(counted(randomBytes(200_000)))))

    expect(most).toBeLessThanOrEqual(2)
    expect(now).toBe(0)
  })
})

describe('downloads', () => {
  test.each([true, false])('one that broke is gone on with; ranges: %s', async (ranges) => {
    server.switches.ranges = ranges
    const bytes = randomBytes(1_000_000)
    const blob = blobOf(bytes)
    const store = openRepository(server.host)
    await store.putBlob(blob)
    let breaks = 0
    server.switches.fault = ({ method, path }) =>
      method === 'GET' && path.includes('/blobs/') && breaks++ < 3
        ? { kind: 'cut off', bytes: 300_000 }
        : undefined

    const read = await bytesOf(store.blob({ digest: blob.digest, size: bytes.length }))

    expect(read.equals(bytes)).toBe(true)
    const ranged = server.seen.filter(({ headers }) => headers.range !== undefined)
    expect(ranged.length).toBeGreaterThan(0)
  })

  test('answers in small pieces are put together', async () => {
    server.switches.pieceBytes = 7
    const store = openRepository(server.host)
    const image = await imageIn(store, {}, 10_000)
    await store.putManifest(image.manifest, 'v1')

    await copyImage(store, 'v1', openRepository(server.host, {}, 'team/copy'), { tag: 'v1' })

    expect((await openRepository(server.host, {}, 'team/copy').resolve('v1'))?.digest).toBe(
      image.manifest.digest,
    )
  })

  test('a reader that stops early leaves nothing behind', async () => {
    const store = openRepository(server.host)
    const blob = blobOf(randomBytes(5_000_000))
    await store.putBlob(blob)

    for await (const _piece of store.blob({ digest: blob.digest, size: 5_000_000 })) break

    expect(await store.hasBlob({ digest: blob.digest, size: 5_000_000 })).toBe(true)
  })

  test('an abort ends a download, an upload and a wait', async () => {
    const store = openRepository(server.host, {
      wait: (_delayMs, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    })
    const blob = blobOf(randomBytes(5_000_000))
    await store.putBlob(blob)
    const reason = new Error('enough')
    const stopping = async (work: (signal: AbortSignal, stop: () => void) => Promise<unknown>) => {
      const controller = new AbortController()
      await expect(work(controller.signal, () => controller.abort(reason))).rejects.toBe(reason)
    }

    await stopping(async (signal, stop) => {
      for await (const _piece of store.blob({ digest: blob.digest, size: 5_000_000 }, { signal })) stop()
    })
    await stopping((signal, stop) => {
      const slow = {
        ...blobOf(randomBytes(100)),
        async *open() {
          yield randomBytes(1)
          stop()
          signal.throwIfAborted()
        },
      }
      return store.putBlob({ ...slow, sizeBytes: 1000 }, { signal })
    })
    server.switches.fault = () => ({ kind: 'answer', status: 503 })
    await stopping((signal, stop) => {
      setImmediate(() => setTimeout(stop, 20))
      return store.resolve('v1', { signal })
    })
  })
})

/** As another process has it: locks within the client are its own. */
async function openElsewhere(host: string): Promise<OciStore> {
  vi.resetModules()
  const other = await import('./open-repository.ts')
  return other.openRepository(host)
}

describe('lists', () => {
  test('pages that lead in a circle are an error', async () => {
    const store = openRepository(server.host)
    const image = await imageIn(store)
    for (const tag of ['a', 'b', 'c']) await store.putManifest(image.manifest, tag)
    server.switches.pageSize = 1
    server.switches.pageLink = '</v2/team/app/tags/list?n=1&last=a>; rel="next"'
    const tags: string[] = []

    const reading = async () => {
      for await (const tag of store.tags()) tags.push(tag)
    }

    await expect(reading()).rejects.toMatchObject({ code: 'OCI_PAGES' })
    expect(tags).toEqual(['a', 'b'])
  })

  const refer = async (store: OciStore, subject: string, number: number) => {
    const manifest = await store.manifest(subject)
    if (manifest === undefined) throw new Error('The subject is there')
    const { mediaType, digest, bytes } = manifest
    const referrer = await imageIn(store, {
      artifactType: 'application/vnd.test',
      subject: { mediaType, digest, size: bytes.length },
      annotations: { number: String(number) },
    })
    await store.putManifest(referrer.manifest)
    return digest
  }

  test('two writers of the list of referrers both end up in it, where the registry knows conditions', async () => {
    server.switches.referrers = false
    const stores = [openRepository(server.host), await openElsewhere(server.host)] as const
    const image = await imageIn(stores[0])
    await stores[0].putManifest(image.manifest, 'v1')

    await Promise.all(
      stores.flatMap((store, at) => [0, 1, 2].map((number) => refer(store, 'v1', at * 3 + number))),
    )

    const found = await stores[0].referrers(image.manifest.digest)
    expect(found.map(({ annotations }) => annotations?.['number']).toSorted()).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ])
    expect(server.repositories.get('team/app')?.tags.has(referrersTag(image.manifest.digest))).toBe(true)
  })

  test('a registry that got the referrers API keeps what is in the tag findable', async () => {
    server.switches.referrers = false
    const store = openRepository(server.host)
    const image = await imageIn(store)
    await store.putManifest(image.manifest, 'v1')
    const digest = await refer(store, 'v1', 1)

    expect(await store.referrers(digest)).toHaveLength(1)
    server.switches.referrers = true
    expect(await store.referrers(digest)).toHaveLength(1)
  })
})
