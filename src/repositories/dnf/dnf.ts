import { z } from 'zod'
import type { Provider } from '../../provider.ts'
import type { RepositoryFormat } from '../repository-format.ts'
import { clientFiles } from './client-files.ts'
import { inspectRepository } from './inspect.ts'
import type { DnfIndex } from './package-index.ts'
import { readRepository } from './read-repository.ts'
import { type DnfOptions, readPackage, renderRepository } from './render-repository.ts'
import { staleSignature } from './signature.ts'

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
  unsignedPackages: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe(
      'Whether a signed repository takes packages without a signature of their own. With "allow" its .repo file says gpgcheck=0.',
    ),
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

export const dnf: Provider<RepositoryFormat<DnfIndex>, typeof options> = {
  name: 'dnf',
  describe: 'A repository for dnf, yum and zypper: repodata/repomd.xml and what it names.',
  options,
  example: { layout: 'letter', compression: 'gzip' },
  create: dnfRepository,
}

function dnfRepository(settings: DnfOptions): RepositoryFormat<DnfIndex> {
  return {
    packageFormat: 'rpm',
    read: readRepository,
    entryOf: async (input) => (await readPackage(input, settings.layout)).entry,
    render: (state, additions, context) => renderRepository(state, additions, context, settings),
    staleCompanions: async (storage, { exists, index }, context) =>
      exists ? staleSignature(storage, index.repomdBytes, context) : [],
    inspect: inspectRepository,
    clientFiles: (context) => clientFiles(context, { areSigned: settings.unsignedPackages === 'refuse' }),
  }
}
