import { z } from 'zod'
import { installsDefaults } from '../defaults.ts'
import { mapOf } from './text.ts'

const command = z
  .array(z.string().min(1, 'is empty'))
  .min(1, 'is empty')
  .describe('The packages that one command names.')

const policy = (describe: string, fallback: 'refuse' | 'warn') =>
  z.enum(['refuse', 'warn']).meta({ description: describe, default: fallback }).optional()

/** What users do with a repository, tried against the next index before it is public. */
export const installsSchema = mapOf(
  {
    commands: z
      .array(command)
      .min(1, 'is empty')
      .max(50, 'has more than 50 commands')
      .describe('What users install, as a list of commands: the packages that each of them names.')
      .meta({ examples: [[['hello'], ['hello', 'hello-data']]] })
      .optional(),
    new: policy(
      'When a command cannot install the packages of this release: refuse the release, or only warn.',
      installsDefaults.new,
    ),
    upgrade: policy(
      'When a command cannot upgrade a machine that has an earlier release.',
      installsDefaults.upgrade,
    ),
    older: policy(
      'When a command that names the versions of an earlier release cannot install them any more.',
      installsDefaults.older,
    ),
    earlier: z
      .int()
      .min(0)
      .max(1000)
      .meta({
        description: 'How many earlier releases are tried, the newest first.',
        default: installsDefaults.earlier,
      })
      .optional(),
  },
  ['commands'],
  {
    description:
      'Commands of users that are tried with the real program (apt-get, dnf) before the packages are published.',
  },
)

export type WrittenInstalls = z.output<typeof installsSchema>
