import { link, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { codeOf, fileSystemError, temporaryPathFor } from '../../lib/atomic-file.ts'
import { digestOf, hexOf } from '../../lib/digest.ts'

/**
 * Names a job on its machine: its processes, its container. By the folder, because two checkouts of a project may have runs
 * of the same name, and by its real path, because one checkout may be reached in several ways. The folder must exist.
 */
export async function jobId({ path }: JobFolder): Promise<string> {
  return shortName(await realpath(path))
}

const shortName = (text: string): string => hexOf(digestOf(text)).slice(0, 32)

/** Where everything about a supervised job is: below `.hawser/jobs`. */
export interface JobFolder {
  readonly path: string
  /** Who supervises it: exists from the moment when the job counts as started, and belongs to one process for ever. */
  readonly owner: string
  /** The program, once it runs. */
  readonly child: string
  /** How it ended; written once. */
  readonly end: string
  readonly log: string
  /** Where the job writes `NAME=VALUE` lines. */
  readonly outputs: string
  /** Where the job leaves files. */
  readonly artifacts: string
  readonly home: string
  readonly temporary: string
}

export const jobFolder = (root: string, key: string): JobFolder =>
  folderAt(join(root, '.hawser', 'jobs', shortName(key)))

export function folderAt(path: string): JobFolder {
  return {
    path,
    owner: join(path, 'owner.json'),
    child: join(path, 'child.json'),
    end: join(path, 'end.json'),
    log: join(path, 'log'),
    outputs: join(path, 'outputs'),
    artifacts: join(path, 'artifacts'),
    home: join(path, 'home'),
    temporary: join(path, 'tmp'),
  }
}

export const processRecord = z.object({
  pid: z.number(),
  started: z.string(),
  host: z.string(),
  since: z.string(),
})
export type ProcessRecord = z.output<typeof processRecord>

export const endRecord = z.discriminatedUnion('how', [
  z.object({ how: z.literal('exit'), code: z.number() }),
  z.object({ how: z.literal('signal'), signal: z.string() }),
  z.object({ how: z.literal('limit'), limitMs: z.number() }),
  z.object({ how: z.literal('cancelled') }),
  z.object({ how: z.literal('not started'), why: z.string() }),
])
export type EndRecord = z.output<typeof endRecord>

/** Writes a record unless there is one already; whole or not at all. False when another one is there. */
export async function writeOnce(path: string, record: ProcessRecord | EndRecord): Promise<boolean> {
  const draft = temporaryPathFor(path)
  await writeFile(draft, JSON.stringify(record), { mode: 0o600, flag: 'wx' })
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

export const readProcess = (path: string): Promise<ProcessRecord | undefined> => readJson(path, processRecord)
export const readEnd = (path: string): Promise<EndRecord | undefined> => readJson(path, endRecord)

async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
}
