import { z } from 'zod'
import type { JsonObject } from '../../lib/json.ts'
import type { Step } from '../../pipeline/step.ts'
import { probeRepository, type RepositoryProbe } from '../../repositories/probe.ts'
import { publishPackages as publish } from '../../repositories/publish.ts'
import { verifyRepository } from '../../repositories/verify.ts'
import {
  openRepository,
  packageInputs,
  type RepositoryOptions,
  repositoryOptions,
} from './open-repository.ts'
import { repositoryBroken, swapRefusal } from './published.ts'

type Options = RepositoryOptions & { readonly from: readonly string[] }
type Result = {
  readonly location: string
  /** Path in the repository → sha256 in hex. */
  readonly packages: JsonObject
}
type Evidence = { readonly found: RepositoryProbe; readonly location: string }

/** Adds packages to a repository: old entries stay, released bytes never change, readers never see a mixed state. */
export const publishPackages: Step<Options, Result, Evidence> = {
  name: 'publish-packages',
  describe: 'Adds packages to a package repository and reads it back.',
  options: z.object({ ...repositoryOptions, from: z.array(z.string()) }),
  async probe(options, context) {
    const opened = await openRepository(options, context)
    const inputs = await packageInputs(options.from, opened, context)
    const found = await probeRepository({ ...opened, inputs })
    return { state: 'present', evidence: { found, location: opened.storage.location } }
  },
  decide({ repository }, probe) {
    if (probe.state !== 'present') throw new Error('Reading a repository gives its state or throws')
    const { found, location } = probe.evidence
    const { missing, present, conflicting, exists, isComplete } = found
    const [conflict] = conflicting
    if (conflict !== undefined) return swapRefusal(repository, conflict)
    if (missing.length === 0 && isComplete) {
      const summary = `${present.length} packages are in "${repository}"`
      return { kind: 'keep', summary, result: { location, packages: digestsOf(present) } }
    }
    const into = exists ? `"${repository}"` : `the new repository "${repository}"`
    return {
      kind: 'create',
      summary: missing.length === 0 ? `finish ${into}` : `${missing.length} packages into ${into}`,
      detail: missing.map(({ path }) => path),
    }
  },
  async act(_change, options, context) {
    const opened = await openRepository(options, context)
    const additions = await packageInputs(options.from, opened, context)
    const date = new Date(context.run.epoch * 1000)
    const { project, version, commit } = context.run
    const cause = { project, version, commit }
    const { added, kept } = await publish({ ...opened, additions, date, cause })
    return { location: opened.storage.location, packages: digestsOf([...added, ...kept]) }
  },
  async verify({ packages }, options, context) {
    const opened = await openRepository(options, context)
    const findings = await verifyRepository({ ...opened, deep: false, expect: packages })
    if (findings.length > 0) throw repositoryBroken(options.repository, findings)
  },
}

const digestsOf = (entries: RepositoryProbe['present']): JsonObject =>
  Object.fromEntries(entries.map(({ path, sha256 }) => [path, sha256]))
