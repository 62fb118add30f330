import { z } from 'zod'
import type { Provider } from '../../provider.ts'
import type { JobContext, JobRunner } from '../job-runner.ts'
import { environmentOptions } from '../supervised/job-environment.ts'
import { filesSupervised, logsSupervised, startSupervised } from '../supervised/supervision.ts'
import { cancelContainer, pollContainer } from './container-state.ts'
import { containerCommand } from './run-command.ts'

const options = z.strictObject({
  image: z
    .string()
    .regex(/^[^-\s]\S*$/, 'Write a reference such as "registry.example.org/tests@sha256:…".')
    .describe('The image. By digest, it is the same one tomorrow.'),
  command: z
    .array(z.string())
    .default([])
    .describe('What runs in it, program and arguments; without it: what the image says.'),
  tool: z
    .string()
    .regex(/^[^-\s]\S*$/)
    .default('docker')
    .describe('The program that runs containers: "docker", "podman", or another that takes their options.'),
  workspace: z
    .enum(['none', 'read-only', 'read-write'])
    .default('read-only')
    .describe('How the job sees the folder of hawser.yaml, at /workspace, where it starts.'),
  mounts: z
    .array(
      z.strictObject({
        from: z.string().min(1).describe('Path on this machine, relative to hawser.yaml.'),
        to: z
          .string()
          .regex(/^\/[^:]*$/)
          .describe('Absolute path in the container.'),
        readOnly: z.boolean().default(true),
      }),
    )
    .default([])
    .describe('More that the job sees.'),
  options: z
    .array(z.string().min(1))
    .default([])
    .describe('More options of the program’s "run", such as "--network=none" or "--memory=1g".'),
  ...environmentOptions,
})

export type ContainerOptions = z.output<typeof options>

/** A container of this machine's docker or podman: found again by its name, and removed when it has ended. */
export const container: Provider<JobRunner, typeof options, JobContext> = {
  name: 'container',
  describe: 'A container of docker or podman.',
  options,
  example: { image: 'registry.example.org/tests:1.2', command: ['make', 'test'], workspace: 'read-only' },
  create: (written, context) => ({
    start: (spec) => startSupervised(spec, context, () => containerCommand(written, spec, context)),
    poll: (spec) => pollContainer(written, spec, context),
    cancel: (spec) => cancelContainer(written, spec, context),
    logs: (spec, fromByte) => logsSupervised(spec, context, fromByte),
    files: (spec) => filesSupervised(spec, context),
  }),
}
