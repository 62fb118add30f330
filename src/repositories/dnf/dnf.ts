import { z } from 'zod'
import { rpmClientNames } from '../../clients/rpm-clients.ts'
import { compressionFinding } from '../clients.ts'
import type { IndexShape, RepositoryFormat } from '../repository-format.ts'
import type { RepositoryContext, RepositoryProvider } from '../repository-provider.ts'
import { type DnfFacts, place, prepare } from './additions.ts'
import { clientsOf, optionFindings } from './client-checks.ts'
import { clientFiles, keyFileName, keyringFiles } from './client-files.ts'
import { exportAdditions } from './export.ts'
import { type ExtraMetadata, extraMetadata } from './extra-metadata.ts'
import { footerOf, headerOf, indexKinds, isIndexKind } from './index-shapes.ts'
import { inspectRepository, otherFiles } from './inspect.ts'
import { openDnfIndex } from './open-index.ts'
import { type DnfEntry, readEntry } from './read-entry.ts'
import { renderEntry } from './render-entry.ts'
import { repomdPath } from './repomd.ts'
import { signaturePath, staleSignature } from './signature.ts'
import { withoutPackages } from './without-packages.ts'

const projectFile = (what: string) =>
  z
    .string()
    .min(1)
    .optional()
    .describe(
      `${what} A file of the project, relative to hawser.yaml; it takes the place of what the repository has of the kind.`,
    )

const options = z.strictObject({
  layout: z
    .enum(['letter', 'name', 'flat'])
    .default('letter')
    .describe(
      'Where package files go: "letter" is packages/h/hello-1.0-1.x86_64.rpm, "name" is packages/hello/…, "flat" is packages/…. Packages that are there already stay where they are.',
    ),
  compression: z
    .enum(['gzip', 'zstd'])
    .default('gzip')
    .describe('Compression of the metadata. "zstd" cannot be read by EL 7 and by createrepo_c before 1.0.'),
  clients: z
    .array(z.enum(rpmClientNames))
    .default([])
    .describe(
      'Who must be able to read it. Choices and packages that one of them could not read are errors. Without it: only warnings.',
    ),
  unsignedPackages: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe(
      'Whether a signed repository takes packages without a signature of their own. With "allow" its .repo file says gpgcheck=0.',
    ),
  comps: projectFile('Groups of packages, as comps.xml.'),
  modules: projectFile('Modules, as modules.yaml.'),
  updateinfo: projectFile('Advisories, as updateinfo.xml.'),
  tags: z
    .strictObject({
      content: z.array(z.string().min(1)).default([]).describe('What is in it, for example "binary-x86_64".'),
      repo: z.array(z.string().min(1)).default([]).describe('What kind of repository it is.'),
      distro: z
        .array(
          z.strictObject({
            name: z.string().min(1).describe('Name of the distribution, for example "Enterprise Linux 9".'),
            cpeid: z.string().min(1).optional().describe('Its CPE, for example "cpe:/o:example:linux:9".'),
          }),
        )
        .default([])
        .describe('Distributions that the packages are for.'),
    })
    .default({ content: [], repo: [], distro: [] })
    .describe('What the repository says of itself in repomd.xml; tags that are there already stay.'),
})

type DnfOptions = z.output<typeof options>

export const dnf: RepositoryProvider<DnfEntry, DnfFacts, typeof options> = {
  name: 'dnf',
  describe: 'A repository for dnf, yum and zypper: repodata/repomd.xml and what it names.',
  options,
  example: { layout: 'letter', compression: 'gzip' },
  packageFormat: 'rpm',
  create: dnfRepository,
  publicKeyFile: (repository, keyCount) => (keyCount === 1 ? keyFileName(repository) : undefined),
  findings: optionFindings,
  packageFinding: ({ clients }, { compression }) => compressionFinding(clientsOf(clients), compression),
}

function dnfRepository(
  settings: DnfOptions,
  { folder }: RepositoryContext,
): RepositoryFormat<DnfEntry, DnfFacts> {
  const { compression, layout, tags, unsignedPackages } = settings
  const clients = clientsOf(settings.clients)
  let read: Promise<ExtraMetadata> | undefined
  // Only when it is needed, and once: making a format reads nothing.
  const extra = (): Promise<ExtraMetadata> => {
    read ??= extraMetadata(settings, folder)
    return read
  }
  return {
    clients,
    packageFormat: 'rpm',
    folder: 'repodata',
    metadataPrefix: 'repodata/',
    readEntry,
    openIndex: (storage, entry, index, context) => openDnfIndex(storage, entry, index, compression, context),
    listsPackages: (index) => index === 'primary',
    prepare: (input) => prepare(input, layout),
    place: async (_entry, additions, { isSigned }) =>
      place(additions, { mustBeSigned: isSigned && unsignedPackages === 'refuse', clients }),
    shapeOf: (_entry, index) => shapeOf(index, compression),
    requiredIndexes: () => indexKinds,
    bodyPaths: (index, form, { sha256 }) => [`repodata/${sha256}-${index}.xml${extensions[form]}`],
    contentTypeOf: (_index, form) => contentTypes[form],
    renderEntry: async (previous, indexes, context) =>
      renderEntry(previous, indexes, context, { tags, extra: await extra() }),
    isOutdated: async ({ own }) => !(await extra()).isIn(own.repomd.records),
    staleCompanions: (storage, { own }, context) => staleSignature(storage, own.bytes, context),
    inspect: inspectRepository,
    exportAdditions: (source, wanted, context) => exportAdditions(source, wanted, layout, context),
    withoutPackages,
    indexPrefixes: () => ['repodata/'],
    packagePrefixes: ['packages/'],
    packageExtension: '.rpm',
    siblings: async () => [],
    otherFiles,
    entryFiles: [signaturePath, repomdPath],
    clientFiles: (context) => clientFiles(context, { areSigned: unsignedPackages === 'refuse' }),
    keyringFiles: (context) => keyringFiles(context, { areSigned: unsignedPackages === 'refuse' }),
  }
}

function shapeOf(index: string, form: DnfOptions['compression']): IndexShape {
  if (!isIndexKind(index)) throw new Error(`A dnf repository has no index "${index}"`)
  return { header: headerOf(index, {}), footer: footerOf(index), forms: [form], algorithms: ['sha256'] }
}

const extensions = { gzip: '.gz', zstd: '.zst', xz: '.xz', none: '' } as const

const contentTypes = {
  gzip: 'application/gzip',
  zstd: 'application/zstd',
  xz: 'application/x-xz',
  none: 'application/xml',
} as const
