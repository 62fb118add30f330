import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText, TransientError, UserError } from '../../src/errors.ts'
import { copyImage } from '../../src/oci/copy.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { imageIn } from '../contract/oci-store.ts'
import { type Fault, type RegistryStandIn, startRegistryStandIn } from '../servers/oci-registry.ts'
import { openRepository } from './open-repository.ts'

/** Each request has so many attempts, and a blob so many rounds; nothing multiplies them. */
const waitsMax = 6

let from: RegistryStandIn
let to: RegistryStandIn
let source: OciStore
let waits: number[]

beforeEach(async () => {
  from = await startRegistryStandIn()
  to = await startRegistryStandIn()
  waits = []
  source = openRepository(from.host)
  const image = await imageIn(source, {}, 100_000)
  await source.putManifest(image.manifest, 'v1')
})
afterEach(async () => {
  await from.close()
  await to.close()
})

const push = (): Promise<unknown> => {
  const target = openRepository(to.host, { wait: async (delayMs) => void waits.push(delayMs) })
  return copyImage(source, 'v1', target, { tag: 'v1', parallel: 1 })
}

const faults: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'lost answer' },
  { kind: 'answer', status: 429, retryAfter: 1 },
  { kind: 'answer', status: 500 },
  { kind: 'answer', status: 404 },
  { kind: 'answer', status: 403 },
  { kind: 'wrong digest' },
]
const places = [
  ['HEAD', /\/manifests\//],
  ['HEAD', /\/blobs\//],
  ['POST', /\/uploads\//],
  ['PUT', /\/uploads\//],
  ['PUT', /\/manifests\//],
] as const

describe.each(faults.map((fault) => [JSON.stringify(fault), fault] as const))(
  'trouble that does not pass, %s',
  (_name, fault) => {
    test.each(places)(
      'at each %s %s: it ends with a reason, soon, and no tag is half',
      async (method, path) => {
        to.switches.fault = (request) =>
          request.method === method && path.test(request.path) ? fault : undefined

        const failure = await push().then(
          () => undefined,
          (error: unknown) => error,
        )

        const isTyped =
          failure === undefined || failure instanceof UserError || failure instanceof TransientError
        expect(isTyped, failureText(failure)).toBe(true)
        expect(waits.length).toBeLessThanOrEqual(waitsMax)
        to.switches.fault = () => undefined
        const found = await openRepository(to.host).resolve('v1')
        if (failure === undefined) expect(found).toBeDefined()
        // What has a tag can be copied whole.
        const copy = openRepository(from.host, {}, 'team/copy')
        if (found !== undefined) await copyImage(openRepository(to.host), 'v1', copy, { tag: 'v1' })
        // And when it has passed, all is well.
        await push()
        expect((await openRepository(to.host).resolve('v1'))?.digest).toBe(
          (await source.resolve('v1'))?.digest,
        )
      },
    )
  },
)

test('a registry that accepts connections and says nothing is given up', async () => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`

  const reading = openRepository(host, { idleMaxMs: 30 }).resolve('v1')

  await expect(reading).rejects.toMatchObject({ code: 'OCI_NETWORK' })
  expect(sockets.size).toBe(waitsMax)
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
})
