import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Step } from '../../pipeline/step.ts'
import { probeRepository } from '../../repositories/probe.ts'
import { publishPackages as publish } from '../../repositories/publish.ts'
import { verifyRepository } from '../../repositories/verify.ts'
import { choice } from '../choice.ts'
import { expectedEntries, type Opened, openRepository, type RepositoryOptions } from './open-repository.ts'

type Options = RepositoryOptions & { readonly repository: string; readonly from: readonly string[] }
type Result = {
  readonly location: string
  /** Path in the repository → sha256 hex. */
  readonly packages: JsonObject
}

type Evidence = Awaited<ReturnType<typeof probeRepository>> & { readonly location: string }

/** Adds packages to a repository: old entries always stay, released bytes never change, readers never see a mixed state. */
export const publishPackages: Step<Options, Result, Evidence> = {
  name: 'publish-packages',
  describe: 'Adds packages to an APT or DNF repository and reads it back.',
  options: z.object({
    repository: z.string(),
    format: choice,
    storage: choice,
    keys: z.array(choice),
    url: z.string().optional(),
    from: z.array(z.string()),
  }),
  async probe(options, context) {
    const { format, storage, inputs, name, signers, verifier, url } = await openRepository(options, context)
    const found = await probeRepository({ format, storage, inputs, name, signers, verifier, publicUrl: url })
    return { state: 'present', evidence: { ...found, location: storage.location } }
  },
  decide({ repository }, probe) {
    if (probe.state !== 'present') throw new Error('Reading a repository gives its state or throws')
    const { missing, present, conflicting, exists, isComplete, location } = probe.evidence
    const [conflict] = conflicting
    if (conflict !== undefined) {
      const { name, version, architecture } = conflict.wanted
      return {
        kind: 'refuse',
        code: 'REPOSITORY_SWAP',
        message: `The repository "${repository}" already has ${name} ${version} for ${architecture} with other bytes.`,
        hint: 'Released bytes never change: raise version.build in hawser.yaml, or rebuild from the released commit.',
      }
    }
    if (missing.length === 0 && isComplete) {
      const packages = Object.fromEntries(present.map(({ path, sha256 }) => [path, sha256]))
      return {
        kind: 'keep',
        summary: `${present.length} packages are in "${repository}"`,
        result: { location, packages },
      }
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
    await publish({ ...publication(opened), date: new Date(context.run.epoch * 1000), signal: context.signal })
    return { location: opened.storage.location, packages: await expectedEntries(opened) }
  },
  async verify({ packages }, options, context) {
    const { format, storage, verifier } = await openRepository(options, context)
    const findings = await verifyRepository({
      format,
      storage,
      verifier,
      deep: false,
      expect: packages,
      signal: context.signal,
    })
    const [first] = findings
    if (first === undefined) return
    throw new UserError(
      'REPOSITORY_BROKEN',
      `The repository "${options.repository}" does not read back right (${findings.length} findings): ${first.message}`,
      { hint: `Run "hawser repo verify ${options.repository}" for the whole list.` },
    )
  },
}

const publication = ({ format, storage, signers, verifier, inputs, name, url }: Opened) => ({
  format,
  storage,
  signers,
  verifier,
  additions: inputs,
  name,
  publicUrl: url,
})
