import { z } from 'zod'
import { UserError } from '../errors.ts'

/** What the lifecycle manager's definition of ModuleTemplate takes. It is stricter than OCM about versions and names. */
const numberPart = '(?:0|[1-9]\\d*)'
const templateVersion = new RegExp(
  `^(?:${numberPart}\\.${numberPart}\\.${numberPart}(?:-[a-zA-Z-][0-9a-zA-Z-]*)?)?$`,
)
const objectName = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/

const gvk = { group: z.string(), version: z.string(), kind: z.string() }
const link = z.url({ protocol: /^https?$/, error: 'is no address on the web' })
const links = z.array(z.looseObject({ name: z.string().min(1), link }))
const optionalText = z.string().optional()

const common = {
  data: z
    .looseObject({ apiVersion: z.string(), kind: z.string(), metadata: z.looseObject({}).optional() })
    .optional(),
  descriptor: z.looseObject({}),
  customStateCheck: z
    .array(z.looseObject({ jsonPath: z.string().min(1), value: z.string().min(1), mappedState: z.string() }))
    .optional(),
}
const channel = z
  .string({ error: 'is needed' })
  .max(32, 'is longer than 32 letters')
  .regex(/^[a-z]{3,}$/, 'is not three or more lower-case letters')

const specV1beta2 = z.looseObject({
  ...common,
  channel: channel.optional(),
  version: z
    .string()
    .max(32, 'is longer than 32 characters')
    .regex(templateVersion, 'is not three numbers, and one word after a "-" at most, such as "1.2.3-rc1"')
    .optional(),
  moduleName: z
    .string()
    .max(64, 'is longer than 64 letters')
    .regex(
      /^(?:[a-z]{3,}(?:-[a-z]{3,})*)?$/,
      'is not words of three or more lower-case letters with "-" between them',
    )
    .optional(),
  mandatory: z.boolean().optional(),
  requiresDowntime: z.boolean().optional(),
  info: z
    .looseObject({ repository: link, documentation: link, icons: links.optional() }, { error: 'is needed' })
    .optional(),
  associatedResources: z.array(z.looseObject(gvk)).optional(),
  manager: z.looseObject({ ...gvk, name: z.string().min(1), namespace: optionalText }).optional(),
  resources: links.optional(),
})
const specV1beta1 = z.looseObject({
  ...common,
  channel,
  target: z.enum(['control-plane', 'remote']),
})

const head = {
  kind: z.literal('ModuleTemplate'),
  metadata: z.looseObject({
    name: z
      .string()
      .max(253, 'is longer than 253 characters')
      .regex(objectName, 'is no name for an object in a cluster'),
    namespace: optionalText,
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
}
const template = z.discriminatedUnion('apiVersion', [
  z.looseObject({ ...head, apiVersion: z.literal('operator.kyma-project.io/v1beta2'), spec: specV1beta2 }),
  z.looseObject({ ...head, apiVersion: z.literal('operator.kyma-project.io/v1beta1'), spec: specV1beta1 }),
])

/** Throws a UserError with everything that the cluster would refuse. */
export function checkTemplate(value: unknown, where: string): void {
  const parsed = template.safeParse(value)
  if (parsed.success) return
  const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'} ${message}`)
  throw new UserError('MODULE_TEMPLATE', `The cluster would refuse ${where}:\n${lines.join('\n')}`, {
    hint: 'These are the rules of the definition of ModuleTemplate. Change what the module declares.',
  })
}
