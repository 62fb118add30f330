import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Digest } from '../../lib/digest.ts'
import { readComponent } from '../../module/component-artifact.ts'
import { componentDifferences } from '../../module/component-differences.ts'
import { copyImage } from '../../oci/copy.ts'
import { type RegistriesOptions, registriesOptions } from '../../oci/declared-registry.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { builtModule, openBuiltModule } from '../modules.ts'
import { type PushedResult, pushedResult } from '../pushed.ts'
import { openRepositoryOf } from '../registries.ts'
import { isUnpublished, type ReleaseOption, releaseOption } from '../unpublished.ts'

type Options = {
  readonly module: string
  readonly from: string
  readonly registries: RegistriesOptions
  /** The release that it belongs to: until that is published, what an earlier attempt left may be replaced. */
  readonly release?: ReleaseOption
}

type Evidence = {
  readonly mayReplace: boolean
  /** What is there: the digest, and in which points it says something else than what was built. */
  readonly there: { readonly digest: Digest; readonly differences: readonly string[] } | undefined
}

/** Pushes a module. A version that is there with equal content is taken; one with other content is refused, with the difference. */
export const pushModule: Step<Options, PushedResult, Evidence> = {
  name: 'push-module',
  describe: 'Pushes a Kyma module to a registry.',
  options: z.object({
    module: z.string(),
    from: z.string(),
    registries: registriesOptions,
    release: releaseOption,
  }),
  // Only what an attempt that was never published has left.
  replacesUnseen: true,
  async probe(options, context) {
    const mayReplace = await isUnpublished(options.release, context)
    return { state: 'present', evidence: { there: await compare(options, context), mayReplace } }
  },
  decide({ module: name, from }, probe, context) {
    if (probe.state !== 'present') throw new Error('Reading a registry gives the component or throws')
    const { repository, tag, digest } = builtModule(context, from)
    const { there } = probe.evidence
    if (there === undefined)
      return { kind: 'create', summary: `push ${name} to ${repository}:${tag}`, detail: { digest } }
    if (there.differences.length === 0) {
      const how = there.digest === digest ? 'is there' : 'is there, with equal content'
      const result = { repository, digest: there.digest, tags: [tag] }
      return { kind: 'keep', summary: `${repository}:${tag} ${how}`, result }
    }
    if (probe.evidence.mayReplace) {
      const summary = `replace ${repository}:${tag}, which was never released`
      return { kind: 'replace', summary, old: there.digest, new: digest }
    }
    return {
      kind: 'refuse',
      code: 'MODULE_SWAP',
      message: `${repository}:${tag} is there with other content:\n${there.differences.slice(0, 20).join('\n')}`,
      hint: 'Released modules never change. Release the next version, or from the commit that this one was built from.',
    }
  },
  async act(_change, options, context) {
    const built = builtModule(context, options.from)
    const there = await compare(options, context)
    const isOther = there !== undefined && there.differences.length > 0
    if (isOther && !(await isUnpublished(options.release, context)))
      throw meanwhile(built.repository, built.tag)
    if (there !== undefined && !isOther)
      return { repository: built.repository, digest: there.digest, tags: [built.tag] }
    const store = openRepositoryOf(built.repository, options.registries, context)
    const from = openBuiltModule(context, options.module, pathOf(built.repository))
    await copyImage(from, built.tag, store, { tag: built.tag, signal: context.signal })
    return { repository: built.repository, digest: built.digest, tags: [built.tag] }
  },
  async verify(result, { registries }, context) {
    const { repository, digest, tags } = pushedResult.parse(result)
    const store = openRepositoryOf(repository, registries, context)
    for (const tag of tags) {
      const found = await readComponent(store, tag, context)
      if (found?.manifest.digest === digest) continue
      throw new UserError(
        'MODULE_UNREAD',
        `${repository}:${tag} does not give the module back that was pushed.`,
        {
          hint: 'Run it again; if that does not help, the registry has lost something.',
        },
      )
    }
  },
}

async function compare(options: Options, context: StepContext): Promise<Evidence['there']> {
  const { repository, tag } = builtModule(context, options.from)
  const store = openRepositoryOf(repository, options.registries, context)
  const there = await readComponent(store, tag, context)
  if (there === undefined) return undefined
  const own = await readComponent(openBuiltModule(context, options.module, pathOf(repository)), tag)
  if (own === undefined) throw new Error(`The module "${options.module}" was built, and is not in dist/`)
  const differences = componentDifferences(there.descriptor, own.descriptor)
  return { digest: there.manifest.digest, differences }
}

const pathOf = (repository: string): string => repository.split('/').slice(1).join('/')

const meanwhile = (repository: string, tag: string): UserError =>
  new UserError(
    'MODULE_SWAP',
    `${repository}:${tag} was pushed by somebody else meanwhile, with other content.`,
    {
      hint: 'Released modules never change. Find out who released this version.',
    },
  )
