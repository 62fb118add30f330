import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { identityOf, isAlive } from '../../lib/process-identity.ts'

const holderSchema = z.object({
  pid: z.number(),
  started: z.string(),
  host: z.string(),
  since: z.string(),
})

/** Who has the engine of a project. */
export type LockHolder = z.infer<typeof holderSchema>

export type LockAnswer =
  | { readonly held: false; readonly release: () => Promise<void> }
  | { readonly held: true; readonly by: LockHolder }

/**
 * One process per folder, found out without races and freed by death: each holder links `lock.N` with the next number,
 * which only one can; the highest number holds for as long as its process lives, and is never deleted, only outnumbered.
 */
export async function lockFolder(folder: string, now: Date): Promise<LockAnswer> {
  const self = await identityOf(process.pid)
  if (self === undefined) throw new Error('This process does not find itself among the processes')
  const claim = join(folder, `claim.${randomUUID()}`)
  const holder: LockHolder = { ...self, host: hostname(), since: now.toISOString() }
  await writeFile(claim, JSON.stringify(holder), { mode: 0o600, flag: 'wx' })
  try {
    for (;;) {
      const answer = await tryLock(folder, claim)
      if (answer !== undefined) return answer
    }
  } finally {
    await rm(claim, { force: true })
  }
}

/** Who holds the folder now, if anybody. */
export async function lockHolder(folder: string): Promise<LockHolder | undefined> {
  const highest = (await generations(folder)).at(-1)
  return highest === undefined ? undefined : livingHolder(join(folder, `lock.${highest}`))
}

/** Nothing when somebody else was faster: look again. */
async function tryLock(folder: string, claim: string): Promise<LockAnswer | undefined> {
  const highest = (await generations(folder)).at(-1) ?? 0
  if (highest > 0) {
    const by = await livingHolder(join(folder, `lock.${highest}`))
    if (by !== undefined) return { held: true, by }
  }
  const mine = join(folder, `lock.${highest + 1}`)
  if (!(await linked(claim, mine))) return undefined
  const after = await generations(folder)
  if (after.at(-1) !== highest + 1) {
    // The folder was locked, freed and tidied while we looked: our number is an old one.
    await rm(mine, { force: true })
    return undefined
  }
  for (const old of after.filter((generation) => generation <= highest)) {
    await rm(join(folder, `lock.${old}`), { force: true })
  }
  return { held: false, release: () => free(folder, mine) }
}

async function generations(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /^lock\.\d+$/.test(name))
    .map((name) => Number(name.slice('lock.'.length)))
    .sort((a, b) => a - b)
}

async function livingHolder(path: string): Promise<LockHolder | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    // Outnumbered and tidied away since it was listed.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  if (text === '') return undefined
  const holder = holderSchema.parse(JSON.parse(text))
  // Another machine's processes cannot be seen from here: its lock holds until a person removes it.
  if (holder.host !== hostname()) return holder
  return (await isAlive(holder)) ? holder : undefined
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** An empty lock is held by nobody. The file stays, so that its number is not used again. */
async function free(folder: string, lock: string): Promise<void> {
  const empty = join(folder, `claim.${randomUUID()}`)
  await writeFile(empty, '')
  await rename(empty, lock)
}
