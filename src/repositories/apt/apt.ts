import { z } from 'zod'
import type { Provider } from '../../provider.ts'
import type { RepositoryFormat } from '../repository-format.ts'
import { aptClientFiles } from './client-files.ts'
import { inspectApt, staleAptCompanions } from './companions.ts'
import { debReader, entryOf } from './deb-facts.ts'
import { packagesParser } from './packages-index.ts'
import { type AptIndex, readApt } from './read.ts'
import { type AptLayout, renderApt } from './render.ts'

const word = /^[A-Za-z0-9][A-Za-z0-9.+_~-]*$/
const path = /^[A-Za-z0-9][A-Za-z0-9.+_~-]*(\/[A-Za-z0-9][A-Za-z0-9.+_~-]*)*$/
const line = z.string().regex(/^[^\r\n]+$/, 'one line')

const options = z.strictObject({
  suite: z
    .string()
    .regex(path)
    .describe('Folder below dists/ and suite that clients ask for, e.g. "stable".'),
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
})

export const apt: Provider<RepositoryFormat<AptIndex>, typeof options> = {
  name: 'apt',
  describe: 'An APT repository for Debian, Ubuntu and their relatives.',
  options,
  example: { suite: 'stable', component: 'main' },
  create: ({ compressions, ...suite }) =>
    aptRepository({ ...suite, suitePath: `dists/${suite.suite}`, compressions: new Set(compressions) }),
}

export function aptRepository(layout: AptLayout): RepositoryFormat<AptIndex> {
  const reader = debReader()
  const parse = packagesParser()
  const { suitePath } = layout
  return {
    packageFormat: 'deb',
    read: (storage, context) => readApt(storage, suitePath, parse, context),
    entryOf: async (input) => entryOf(await reader.facts(input), layout.component),
    render: (state, additions, context) => renderApt(layout, reader, state, additions, context),
    staleCompanions: (storage, state, context) => staleAptCompanions(storage, suitePath, state, context),
    inspect: (storage, state, context) => inspectApt(storage, suitePath, state, context),
    clientFiles: (context) => aptClientFiles(layout.suite, layout.component, context),
  }
}
