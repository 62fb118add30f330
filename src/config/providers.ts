import { forges } from '../forge/index.ts'
import { jobRunners } from '../jobs/index.ts'
import { architectures, canonicalArchitecture } from '../packages/architecture.ts'
import { packageFormat, packageFormats } from '../packages/index.ts'
import { versionSchemeNames } from '../packages/version.ts'
import { repositoryFormats } from '../repositories/index.ts'
import type { RepositoryProvider } from '../repositories/repository-provider.ts'
import { artifactSigners, signerProviders } from '../signing/index.ts'
import { sourceProviders } from '../sources/index.ts'
import { steps } from '../steps/index.ts'
import { storages } from '../storage/index.ts'
import type { ConfigKinds, RepositoryKind } from './kinds.ts'

/** The real lists: everything that this Hawser's `hawser.yaml` can name. */
export const configKinds: ConfigKinds = {
  sources: sourceProviders,
  repositories: repositoryFormats.map(repositoryKind),
  storages,
  signers: signerProviders,
  artifactSigners,
  forges,
  steps,
  jobs: jobRunners,
  packageFormats: packageFormats.map(({ name }) => name),
  unpackedFormats: packageFormats.filter(({ unpack }) => unpack !== undefined).map(({ name }) => name),
  signedFormats: packageFormats
    .filter(({ embeddedSignature }) => embeddedSignature === 'usual')
    .map(({ name }) => name),
  originalsMax: (format) => packageFormat(format).repackage?.originalsMax ?? 0,
  architectures: Object.keys(architectures),
  canonicalArchitecture,
  versions: {
    schemes: versionSchemeNames,
    findings: (format, version) => packageFormat(format).versionFindings(version),
  },
}

// biome-ignore lint/suspicious/noExplicitAny: a list erases each provider's own types; its functions get parsed options
function repositoryKind(provider: RepositoryProvider<any, any, any>): RepositoryKind {
  const { name, describe, options, example, packageFormat } = provider
  return {
    name,
    describe,
    options,
    example,
    packageFormatOf: () => packageFormat,
    findings: (written) => {
      const parsed = options.safeParse(written)
      return parsed.success ? provider.findings(parsed.data) : []
    },
    packageFinding: (written, planned) => {
      const parsed = options.safeParse(written)
      return parsed.success ? provider.packageFinding(parsed.data, planned) : undefined
    },
  }
}
