import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { TransientError } from '../../errors.ts'
import type { Connection } from './connection.ts'
import { deleteObject, listObjects } from './list-objects.ts'
import { putWhole } from './put-object.ts'
import { getObject, headObject } from './read-object.ts'

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

const claimSchema = z.object({ isChoosing: z.boolean(), number: z.number().int().min(0) })
type Claim = z.output<typeof claimSchema>

interface SeenClaim extends Claim {
  readonly path: string
  readonly modifiedAt: Date
}

export async function withLease<Result>(
  connection: Connection,
  path: string,
  signal: AbortSignal,
  use: (lease: Lease) => Promise<Result>,
): Promise<Result> {
  const folder = `.hawser/leases/${createHash('sha256').update(path).digest('hex').slice(0, 32)}/`
  const own = `${folder}${randomBytes(8).toString('hex')}`
  try {
    await writeClaim(connection, own, { isChoosing: true, number: 0 }, signal)
    const numbers = (await claimsIn(connection, folder, own, signal)).map(({ number }) => number)
    const number = Math.max(0, ...numbers) + 1
    let renewedAt = performance.now()
    await writeClaim(connection, own, { isChoosing: false, number }, signal)
    const start = performance.now()
    while (!(await isServed(connection, folder, { own, number }, signal))) {
      if (performance.now() - start > waitLimitMs) throw busyError(connection, path)
      if (performance.now() - renewedAt > expiryMs / 4) {
        renewedAt = performance.now()
        await writeClaim(connection, own, { isChoosing: false, number }, signal)
      }
      await sleep(20 + 60 * Math.random(), undefined, { signal })
    }
    renewedAt = performance.now()
    await writeClaim(connection, own, { isChoosing: false, number }, signal)
    const check = (): void => {
      if (performance.now() - renewedAt > expiryMs / 2 - writeLimitMs) throw busyError(connection, path)
    }
    return await use({ check, writeLimitMs })
  } finally {
    await deleteObject(connection, own, undefined)
  }
}

/** Nobody is choosing, and nobody has a lower number. */
async function isServed(
  connection: Connection,
  folder: string,
  { own, number }: { readonly own: string; readonly number: number },
  signal: AbortSignal,
): Promise<boolean> {
  const others = await claimsIn(connection, folder, own, signal)
  return others.every((claim) => {
    if (claim.isChoosing) return false
    return claim.number > number || (claim.number === number && claim.path > own)
  })
}

/** The claims of others that have not expired; expired ones are thrown away. */
async function claimsIn(
  connection: Connection,
  folder: string,
  own: string,
  signal: AbortSignal,
): Promise<readonly SeenClaim[]> {
  const mine = await headObject(connection, own, signal)
  if (mine === undefined) throw busyError(connection, folder)
  // Our own claim was written moments ago, so its time is the service's present, or a little before.
  const now = mine.modifiedAt.getTime()
  const claims: SeenClaim[] = []
  for await (const { path, modifiedAt } of listObjects(connection, folder, signal)) {
    if (path === own) continue
    if (now - modifiedAt.getTime() > expiryMs) {
      await deleteObject(connection, path, signal)
      continue
    }
    const claim = await readClaim(connection, path, signal)
    if (claim !== undefined) claims.push({ ...claim, path, modifiedAt })
  }
  return claims
}

async function readClaim(
  connection: Connection,
  path: string,
  signal: AbortSignal,
): Promise<Claim | undefined> {
  const stored = await getObject(connection, path, { signal })
  if (stored === undefined) return undefined
  return claimSchema.parse(JSON.parse(Buffer.from(await stored.bytes()).toString('utf8')))
}

async function writeClaim(
  connection: Connection,
  path: string,
  claim: Claim,
  signal: AbortSignal,
): Promise<void> {
  await putWhole(connection, path, Buffer.from(JSON.stringify(claim)), { signal }, undefined)
}

const busyError = (connection: Connection, path: string): TransientError =>
  new TransientError(
    'S3_LEASE',
    `${connection.location}${path}: the right to write it could not be had in time.`,
    {
      hint: 'Other publishers hold it. Nothing was written; run it again.',
    },
  )
