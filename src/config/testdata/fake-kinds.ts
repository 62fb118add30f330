import { z } from 'zod'
import { architectures, canonicalArchitecture } from '../../packages/architecture.ts'
import { packageFormat } from '../../packages/index.ts'
import type { ConfigKinds, Kind } from '../kinds.ts'

const kind = (name: string, options: z.ZodObject, example: unknown = {}): Kind => ({
  name,
  describe: `A ${name}.`,
  options,
  example,
})

/** Small kinds with the same shapes as real ones, so that the configuration is tested by itself. */
export const fakeKinds: ConfigKinds = {
  sources: [
    kind('disk', z.object({ path: z.string().min(1).describe('A path in the project.'), exclude: z.array(z.string()).default([]) })),
    kind(
      'depot',
      z.object({
        item: z.string().describe('Name of the item.'),
        version: z.string().describe('Its version.'),
        digest: z.string().regex(/^sha256-[0-9a-f]{8}$/, 'Write sha256- and eight hex digits.').describe('Digest of the item.'),
        sizeMax: z.int().min(1).default(1000).describe('Larger items are refused, in bytes.'),
      }),
    ),
  ],
  repositories: [
    { ...kind('shelf', z.strictObject({ suite: z.string().regex(/^[a-z]+$/).describe('Suite.'), component: z.string().default('main') })), packageFormatOf: () => 'deb' },
    { ...kind('stack', z.strictObject({ layout: z.enum(['letter', 'flat']).default('letter') })), packageFormatOf: () => 'rpm' },
  ],
  storages: [kind('folder', z.strictObject({ path: z.string().describe('The folder.') }))],
  artifactSigners: [kind('stamp', z.strictObject({ key: z.string() }))],
  signers: [
    kind('seal', z.strictObject({ key: z.string().regex(/^(env|file|cmd):/, 'Write "env:NAME", "file:PATH" or "cmd:COMMAND".'), password: z.string().optional() })),
  ],
  forges: [kind('smithy', z.strictObject({ folder: z.string().default('.hawser/releases') }))],
  steps: [
    { name: 'ring', describe: 'Rings a bell.', options: z.object({ times: z.int().min(1) }) },
    { name: 'rest', describe: 'Does nothing.', options: z.object({}) },
  ],
  jobs: [kind('errand', z.strictObject({ run: z.string() }))],
  packageFormats: ['deb', 'rpm'],
  unpackedFormats: ['deb'],
  signedFormats: ['rpm'],
  originalsMax: (format) => packageFormat(format).repackage?.originalsMax ?? 0,
  architectures: Object.keys(architectures),
  canonicalArchitecture,
  versions: {
    schemes: ['standard', 'ket'],
    findings: (format, version) => packageFormat(format).versionFindings(version),
  },
}
