import { UserError } from '../errors.ts'
import { isComponentName } from './component-descriptor.ts'
import { shortName } from './module-template.ts'
import { writeYaml } from './yaml-text.ts'

export interface ModuleRelease {
  readonly componentName: string
  readonly namespace?: string | undefined
  /** Which version each channel has. */
  readonly channels: { readonly [channel: string]: string }
}

/** ModuleReleaseMeta: which version of a module each channel gives; channels in byte order. */
export function writeReleaseMeta({
  componentName,
  namespace = 'kcp-system',
  channels,
}: ModuleRelease): string {
  const problems = [
    ...(isComponentName(componentName) ? [] : [`"${componentName}" is no name of a component`]),
    ...(Object.keys(channels).length > 0 ? [] : ['it has no channel']),
    ...Object.entries(channels).flatMap(([channel, version]) => [
      ...(/^[a-z]{3,32}$/.test(channel)
        ? []
        : [`the channel "${channel}" is not 3 to 32 lower-case letters`]),
      ...(/^\d+\.\d+\.\d+(?:-[a-zA-Z-][0-9a-zA-Z-]*)?$/.test(version)
        ? []
        : [`the version "${version}" of "${channel}" is not three numbers`]),
    ]),
  ]
  if (problems.length > 0) {
    throw new UserError('MODULE_RELEASE', `The release of the module is not right:\n${problems.join('\n')}`, {
      hint: 'The cluster would refuse it.',
    })
  }
  const name = shortName(componentName)
  return writeYaml({
    apiVersion: 'operator.kyma-project.io/v1beta2',
    kind: 'ModuleReleaseMeta',
    metadata: { name, namespace },
    spec: {
      moduleName: name,
      ocmComponentName: componentName,
      channels: Object.entries(channels)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([channel, version]) => ({ channel, version })),
    },
  })
}
