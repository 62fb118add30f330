import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../../errors.ts'
import type { Connection } from './connection.ts'
import { deleteObject, listObjects } from './list-objects.ts'
import { putWhole } from './put-object.ts'

/**
 * Who may write an object, where the service ignores conditions. Lamport's bakery over plain writes and strongly
 * consistent listings: everybody takes a number that is higher than all that are there, and the lowest number is served;
 * equal numbers are told apart by their names. A claim that is not renewed expires by the service's own clock.
 *
 * What it promises: of all who hold to it, at most one writes at a time, as long as a write takes less than
 * `writeLimitMs`, which is far below the expiry; it is given up afterwards. What it cannot: hold back a request that the
 * network delivers later than that, or a writer that knows nothing of it. Services with conditions have no such limits.
 */
export interface Lease {
  /** Throws when there is not enough time left to write safely. */
  check(): void
  readonly writeLimitMs: number
}

const expiryMs = 60_000
export const writeLimitMs = 15_000
const waitLimitMs = 10 * 60_000

/** Everything is in the names, so that one listing tells all: `choosing-ID`, or `0000000007-ID`. */
interface Claim {
  readonly path: string
  /** Undefined: its owner is choosing. */
  readonly number: number | undefined
  readonly modifiedAt: Date
}

export async function withLease<Result>(
  connection: Connection,
  path: string,
  signal: AbortSignal,
  use: (lease: Lease) => Promise<Result>,
): Promise<Result> {
  const folder = `.hawser/leases/${createHash('sha256').update(path).digest('hex').slice(0, 32)}/`
  const id = randomBytes(8).toString('hex')
  const choosing = `${folder}choosing-${id}`
  let own: string | undefined
  try {
    await write(connection, choosing, signal)
    const numbers = (await claimsIn(connection, folder, choosing, signal)).map(({ number = 0 }) => number)
    own = `${folder}${String(Math.max(0, ...numbers) + 1).padStart(10, '0')}-${id}`
    await write(connection, own, signal)
    await deleteObject(connection, choosing, signal)
    const renewedAt = await waitForTurn(connection, folder, own, signal)
    const check = (): void => {
      if (performance.now() - renewedAt > expiryMs / 2 - writeLimitMs) throw busyError(connection, path)
    }
    return await use({ check, writeLimitMs })
  } finally {
    await deleteObject(connection, choosing, undefined)
    if (own !== undefined) await deleteObject(connection, own, undefined)
  }
}

/** When our claim was last renewed, once it is our turn: nobody is choosing, and nobody has a lower number. */
async function waitForTurn(
  connection: Connection,
  folder: string,
  own: string,
  signal: AbortSignal,
): Promise<number> {
  const start = performance.now()
  let renewedAt = start
  for (;;) {
    const others = await claimsIn(connection, folder, own, signal)
    // Numbers have leading zeros, so names are compared as numbers are, and equal numbers by their owners.
    const isTurn = others.every(({ path, number }) => number !== undefined && path > own)
    if (isTurn || performance.now() - renewedAt > expiryMs / 4) {
      renewedAt = performance.now()
      await write(connection, own, signal)
    }
    if (isTurn) return renewedAt
    if (performance.now() - start > waitLimitMs) throw busyError(connection, folder)
    await sleep(5 + 15 * Math.random(), undefined, { signal })
  }
}

/** The claims of others that have not expired; expired ones are thrown away. */
async function claimsIn(
  connection: Connection,
  folder: string,
  own: string,
  signal: AbortSignal,
): Promise<readonly Claim[]> {
  const claims: Claim[] = []
  for await (const { path, modifiedAt } of listObjects(connection, folder, signal)) {
    const [, digits] = /\/(\d{10})-[0-9a-f]+$/.exec(path) ?? []
    claims.push({ path, modifiedAt, number: digits === undefined ? undefined : Number(digits) })
  }
  // Ours was written moments ago, so its time is the service's present, or a little before.
  const now = claims.find(({ path }) => path === own)?.modifiedAt.getTime()
  if (now === undefined) throw busyError(connection, folder)
  const others = claims.filter(({ path }) => path !== own)
  for (const { path, modifiedAt } of others) {
    if (now - modifiedAt.getTime() > expiryMs) await deleteObject(connection, path, signal)
  }
  return others.filter(({ modifiedAt }) => now - modifiedAt.getTime() <= expiryMs)
}

async function write(connection: Connection, path: string, signal: AbortSignal): Promise<void> {
  await putWhole(connection, path, new Uint8Array(0), { signal }, undefined)
}

const busyError = (connection: Connection, path: string): TransientError =>
  new TransientError(
    'S3_LEASE',
    `${connection.location}${path}: the right to write it could not be had in time.`,
    {
      hint: 'Other publishers hold it. Nothing was written; run it again.',
    },
  )
