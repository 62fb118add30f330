import { z } from 'zod'
import { debianClientNames } from '../../clients/debian-clients.ts'
import { compressionFinding } from '../clients.ts'
import type { RepositoryFormat } from '../repository-format.ts'
import type { RepositoryProvider } from '../repository-provider.ts'
import { clientsOf, optionFindings } from './client-checks.ts'
import { aptClientFiles, aptKeyringFiles, armoredKeysFile } from './client-files.ts'
import { staleCompanions } from './companions.ts'
import { exportAdditions } from './export.ts'
import { indexPrefixes, inspect, otherFiles } from './inspect.ts'
import { type AptLayout, bodyPaths, contentTypeOf, formName, listsPackages, pathIn } from './layout.ts'
import { openIndex } from './open-index.ts'
import { indexesFor, place, requiredIndexes } from './place.ts'
import { type AptFacts, prepare } from './prepare.ts'
import { type AptEntry, readEntry } from './read-entry.ts'
import { renderEntry, shapeOf } from './render-entry.ts'
import { recordsName, suiteFolders } from './siblings.ts'
import { withoutPackages } from './without-packages.ts'

const word = /^[A-Za-z0-9][A-Za-z0-9.+_~-]*$/
const path = /^[A-Za-z0-9][A-Za-z0-9.+_~-]*(\/[A-Za-z0-9][A-Za-z0-9.+_~-]*)*$/
// sources.list(5): a suite that ends with a slash is the path of a flat repository.
const suitePattern = /^(?:[A-Za-z0-9][A-Za-z0-9.+_~-]*(?:\/[A-Za-z0-9][A-Za-z0-9.+_~-]*)*\/?|\.\/)$/
const line = z.string().regex(/^[^\r\n]+$/, 'one line')

const options = z.strictObject({
  suite: z
    .string()
    .regex(suitePattern, 'a suite such as "stable", or a folder that ends with "/" such as "./"')
    .describe(
      'Folder below dists/ and suite that clients ask for, e.g. "stable". With "/" at its end, e.g. "./": a flat repository, without components, in that folder.',
    ),
  component: z.string().regex(path).default('main').describe('Component that packages are added to.'),
  architectures: z
    .array(z.string().regex(word))
    .min(1)
    .optional()
    .describe(
      'Architectures that have an index even without packages; those of the packages are added. New: amd64, arm64.',
    ),
  codename: line.optional().describe('Codename field of Release.'),
  origin: line.optional().describe('Origin field of Release; people pin by it.'),
  label: line.optional().describe('Label field of Release.'),
  version: line.optional().describe('Version field of Release, of the distribution.'),
  description: line.optional().describe('Description field of Release.'),
  notAutomatic: z
    .boolean()
    .optional()
    .describe('Clients install from here only when told to (pin priority 1).'),
  butAutomaticUpgrades: z
    .boolean()
    .optional()
    .describe('With notAutomatic: upgrade what came from here (pin priority 100).'),
  validDays: z
    .number()
    .int()
    .min(1)
    .max(3650)
    .optional()
    .describe('Clients refuse the index when it was not published for so many days.'),
  pinKeys: z
    .boolean()
    .default(false)
    .describe('Signed-By field of Release: clients accept the next index only from the same keys.'),
  contents: z.boolean().default(true).describe('Contents-<arch>.gz, which "apt-file" searches.'),
  compressions: z
    .array(z.enum(['xz', 'zstd']))
    .default([])
    .describe('More forms of each index besides gzip, which every client reads.'),
  usualNames: z
    .boolean()
    .default(true)
    .describe(
      'Repeat indexes as Packages.gz for tools that do not ask by hash (apt does since 1.2). When it is turned off, these names are deleted.',
    ),
  clients: z
    .array(z.enum(debianClientNames))
    .default([])
    .describe(
      'Who must be able to read it. Choices and packages that one of them could not read are errors. Without it: only warnings.',
    ),
})

export const apt: RepositoryProvider<AptEntry, AptFacts, typeof options> = {
  name: 'apt',
  describe: 'An APT repository for Debian, Ubuntu and their relatives.',
  options,
  example: { suite: 'stable', component: 'main' },
  packageFormat: 'deb',
  publicKeyFile: armoredKeysFile,
  findings: optionFindings,
  packageFinding: ({ clients }, { compression }) => compressionFinding(clientsOf(clients), compression),
  create: (settings) => aptRepository(layoutOf(settings)),
}

export function layoutOf(settings: z.output<typeof options>): AptLayout {
  const { suite } = settings
  const isFlat = suite.endsWith('/')
  return { ...settings, isFlat, folder: isFlat ? suite.replace(/^\.?\/|\/$/g, '') : `dists/${suite}` }
}

export function aptRepository(layout: AptLayout): RepositoryFormat<AptEntry, AptFacts> {
  return {
    packageFormat: 'deb',
    clients: clientsOf(layout.clients),
    folder: recordsName(layout.folder),
    metadataPrefix: layout.folder === '' ? '' : `${layout.folder}/`,
    readEntry: (storage, context) => readEntry(storage, layout, context),
    openIndex: async (storage, entry, index, context) => {
      const { header, fragments } = await openIndex(storage, entry, index, context)
      return { shape: { ...shapeOf(layout, entry, index), header }, fragments }
    },
    listsPackages,
    indexesFor: (entry, wanted) => indexesFor(layout, entry, wanted),
    prepare: (input) => prepare(input, layout),
    place: (entry, additions, context) => place(layout, entry, additions, context),
    shapeOf: (entry, index) => shapeOf(layout, entry, index),
    requiredIndexes: (entry) => requiredIndexes(layout, entry),
    bodyPaths: (index, _form, digests) => bodyPaths(layout, index, digests),
    contentTypeOf: (index, form) => contentTypeOf(formName(index, form)),
    renderEntry: (previous, indexes, context) => renderEntry(layout, previous, indexes, context),
    staleCompanions: (storage, entry, context) => staleCompanions(storage, layout, entry, context),
    inspect,
    exportAdditions: (source, wanted, context) => exportAdditions(source, wanted, layout, context),
    withoutPackages,
    indexPrefixes,
    packagePrefixes: ['pool/'],
    packageExtension: '.deb',
    siblings: async (storage, context) => {
      const folders = await suiteFolders(storage, context)
      const others = folders.filter((folder) => folder !== layout.folder)
      return others.map((folder) =>
        aptRepository({ ...layout, folder, isFlat: !folder.startsWith('dists/') }),
      )
    },
    otherFiles,
    entryFiles: ['Release', 'Release.gpg', 'InRelease'].map((name) => pathIn(layout.folder, name)),
    clientFiles: (context) => aptClientFiles(layout, context),
    keyringFiles: (context) => aptKeyringFiles(layout, context),
  }
}
