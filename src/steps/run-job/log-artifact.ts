import { stripVTControlCharacters } from 'node:util'
import type { JobRunner, JobSpec } from '../../jobs/job-runner.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { type ArtifactsResult, projectStore, putInDist } from '../artifacts.ts'
import type { Options } from './options.ts'

const linesMax = 20
const lineLengthMax = 300
const tailBytesMax = 16 * 1024

/** The log as a file of the release, when that was asked for. */
export async function logArtifact(
  runner: JobRunner,
  spec: JobSpec,
  { logAs }: Options,
  context: StepContext,
): Promise<ArtifactsResult['artifacts']> {
  if (logAs === undefined) return []
  const store = await projectStore(context)
  const { digest, sizeBytes } = await store.add(runner.logs(spec, 0), { signal: context.signal })
  const artifact = { name: logAs, kind: 'file', digest, sizeBytes } as const
  await putInDist(context, store, artifact)
  return [artifact]
}

/** The end of a log, for messages: without colours, and not longer than people read. */
export async function lastLines(log: AsyncIterable<Uint8Array>): Promise<string> {
  let tail = Buffer.alloc(0)
  for await (const piece of log) tail = Buffer.concat([tail, piece]).subarray(-tailBytesMax)
  return stripVTControlCharacters(tail.toString())
    .split(/\r?\n/)
    .map((line) =>
      line
        .replaceAll(/\p{Cc}/gu, ' ')
        .trimEnd()
        .slice(0, lineLengthMax),
    )
    .filter((line) => line !== '')
    .slice(-linesMax)
    .map((line) => `| ${line}`)
    .join('\n')
}
