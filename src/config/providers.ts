import { forges } from '../forge/index.ts'
import { architectures, canonicalArchitecture } from '../packages/architecture.ts'
import { packageFormat, packageFormats } from '../packages/index.ts'
import { versionSchemeNames } from '../packages/version.ts'
import type { Provider } from '../provider.ts'
import { repositoryFormats } from '../repositories/index.ts'
import { signerProviders } from '../signing/index.ts'
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
  forges,
  steps,
  packageFormats: packageFormats.map(({ name }) => name),
  architectures: Object.keys(architectures),
  canonicalArchitecture,
  versions: {
    schemes: versionSchemeNames,
    findings: (format, version) => packageFormat(format).versionFindings(version),
  },
}

// biome-ignore lint/suspicious/noExplicitAny: a list erases each provider's own option type; `create` gets parsed ones
function repositoryKind(provider: Provider<{ readonly packageFormat: string }, any>): RepositoryKind {
  const { name, describe, options, example } = provider
  const packageFormatOf = (written: unknown) =>
    provider.create(options.parse(written), undefined).packageFormat
  return { name, describe, options, example, packageFormatOf }
}
