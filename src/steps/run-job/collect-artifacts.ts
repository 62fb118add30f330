import { basename } from 'node:path'
import picomatch from 'picomatch'
import { UserError } from '../../errors.ts'
import type { JobFile, JobRunner, JobSpec } from '../../jobs/job-runner.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { type ArtifactsResult, projectStore, putInDist } from '../artifacts.ts'
import type { Options } from './options.ts'

type Artifacts = ArtifactsResult['artifacts']

/** Takes what the job left into the store. Assets of a release have no folders: only the last part of a path stays. */
export async function collectArtifacts(
  runner: JobRunner,
  spec: JobSpec,
  { artifacts: patterns, name }: Options,
  context: StepContext,
): Promise<Artifacts> {
  if (patterns.length === 0) return []
  if (runner.files === undefined) {
    throw new UserError('JOB_ARTIFACTS', `The job "${name}" is of a kind that leaves no files.`, {
      hint: 'Remove "artifacts" from the job, or run it as a process or a container.',
    })
  }
  const found = chosen(patterns, await runner.files(spec), name)
  const store = await projectStore(context)
  const artifacts: { name: string; kind: 'file'; digest: Artifacts[number]['digest']; sizeBytes: number }[] =
    []
  for (const { path, file } of found) {
    const { digest, sizeBytes } = await store.add(file, { signal: context.signal })
    const same = artifacts.find((other) => other.name === basename(path))
    if (same !== undefined && same.digest !== digest) throw nameTwice(name, basename(path))
    if (same === undefined) artifacts.push({ name: basename(path), kind: 'file', digest, sizeBytes })
  }
  for (const artifact of artifacts) await putInDist(context, store, artifact)
  return artifacts
}

function chosen(patterns: readonly string[], files: readonly JobFile[], job: string): readonly JobFile[] {
  const found = new Set<JobFile>()
  for (const pattern of patterns) {
    const matches = picomatch(pattern, { dot: true })
    const matching = files.filter(({ path }) => matches(path))
    if (matching.length === 0) throw nothingMatches(job, pattern, files)
    for (const file of matching) found.add(file)
  }
  return files.filter((file) => found.has(file))
}

function nothingMatches(job: string, pattern: string, files: readonly JobFile[]): UserError {
  const names = files.slice(0, 8).map(({ path }) => path)
  const left =
    names.length === 0 ? 'It left no files.' : `It left: ${names.join(', ')}${files.length > 8 ? ', …' : ''}.`
  return new UserError(
    'JOB_ARTIFACTS',
    `The job "${job}" succeeded, but nothing that it left matches "${pattern}".`,
    {
      hint: `${left} Files are taken from the folder $HAWSER_ARTIFACTS of the job.`,
    },
  )
}

const nameTwice = (job: string, name: string): UserError =>
  new UserError(
    'ASSET_NAME_TWICE',
    `The job "${job}" left two different files that are both called "${name}".`,
    {
      hint: 'Assets of a release have no folders: rename one of them.',
    },
  )
