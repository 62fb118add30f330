import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { codeOf, fileSystemError, makeFolder, writeFileAtomic } from '../../lib/atomic-file.ts'
import type { JobContext, JobSpec } from '../job-runner.ts'
import { jobFolder } from '../supervised/job-folder.ts'

const startNote = z.object({ since: z.iso.datetime() })

const noteOf = (spec: JobSpec, { root }: JobContext): string =>
  join(jobFolder(root, spec.key).path, 'waiting.json')

/** From when on the job is waited for; nothing before the wait began. */
export async function startNoted(spec: JobSpec, context: JobContext): Promise<Date | undefined> {
  const path = noteOf(spec, context)
  try {
    return new Date(startNote.parse(JSON.parse(await readFile(path, 'utf8'))).since)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

/** The first note counts: a wait that is begun again has waited already. */
export async function noteStart(spec: JobSpec, context: JobContext): Promise<void> {
  if ((await startNoted(spec, context)) !== undefined) return
  await makeFolder(jobFolder(context.root, spec.key).path)
  const note = { since: context.now().toISOString() }
  await writeFileAtomic(noteOf(spec, context), JSON.stringify(note), { mode: 0o600 })
}
