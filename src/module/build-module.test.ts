import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { buildModule } from './build-module.ts'
import { writeDescriptor } from './component-descriptor.ts'
import type { BuiltModule, ModuleDeclaration, ModuleInputs, ModuleProfileName } from './module-declaration.ts'
import { modulectlModule, originModule, sampleInputs } from './testdata/sample-module.ts'
import { readYamlDocument } from './yaml-text.ts'

const declarations: { readonly [profile in ModuleProfileName]: ModuleDeclaration } = {
  'cli-v2': originModule,
  'modulectl-1': { ...modulectlModule, profile: 'modulectl-1' },
  'modulectl-2': modulectlModule,
  'modulectl-3': {
    ...modulectlModule,
    profile: 'modulectl-3',
    responsible: { githubHost: 'github.example.org', team: 'org/team' },
  },
}
const profiles = Object.keys(declarations) as ModuleProfileName[]

// modulectl-1 cannot have requiresDowntime; the others take everything that is declared here.
describe.each(profiles)('the profile %s', (profile) => {
  test('has the descriptor, the template and the files of its tool', async () => {
    const built = await buildModule(declarations[profile], sampleInputs)

    await expect(writeDescriptor(built.descriptor)).toMatchFileSnapshot(
      `testdata/${profile}/component-descriptor.yaml`,
    )
    for (const { name, bytes } of built.files) {
      await expect(Buffer.from(bytes).toString()).toMatchFileSnapshot(`testdata/${profile}/${name}`)
    }
    expect(built.artifact.manifest.digest).toMatchSnapshot('digest')
    expect(built.findings).toMatchSnapshot('findings')
  })

  test('holds the default resource in its template', async () => {
    const built = await buildModule(declarations[profile], sampleInputs)

    const template = readYamlDocument(textOf(built, 'template.yaml'), 'template.yaml')
    expect(template['spec']).toMatchObject({ data: { kind: 'BtpOperator', spec: { replicas: 2 } } })
  })
})

describe('two templates', () => {
  test('of v1beta2 would be equal: one is written, and it is said', async () => {
    const built = await buildModule(originModule, sampleInputs)

    expect(built.files.map(({ name }) => name)).toEqual(['template.yaml'])
    expect(built.findings.map(({ code }) => code)).toContain('TEMPLATE_IDENTICAL')
  })

  test('are both written when that is declared, and it is still said', async () => {
    const built = await buildModule({ ...originModule, identicalTemplates: 'emit' }, sampleInputs)

    expect(built.files.map(({ name }) => name)).toEqual(['template.yaml', 'template_control_plane.yaml'])
    expect(textOf(built, 'template_control_plane.yaml')).toBe(textOf(built, 'template.yaml'))
    expect(built.findings.map(({ code }) => code)).toContain('TEMPLATE_IDENTICAL')
  })

  test('of v1beta1 differ in their target, and in nothing else', async () => {
    const built = await buildModule({ ...originModule, templateVersion: 'v1beta1' }, sampleInputs)

    const remote = textOf(built, 'template.yaml')
    expect(textOf(built, 'template_control_plane.yaml')).toBe(
      remote.replace('target: remote', 'target: control-plane'),
    )
    expect(remote).toContain('target: remote')
    expect(built.findings.map(({ code }) => code)).not.toContain('TEMPLATE_IDENTICAL')
  })
})

test('comments of the default resource stay in the template', async () => {
  const built = await buildModule(originModule, sampleInputs)

  expect(textOf(built, 'template.yaml')).toContain('# Two, so that one can be away.')
})

test('images with a port in their registry, and images by digest, are understood', async () => {
  const digest = `sha256:${'ab'.repeat(32)}`
  const images = [
    `host:5000/team/x:1`,
    `registry.example.org/y@${digest}`,
    `registry.example.org/y:2.0.1@${digest}`,
  ]
  const inputs = withScan({ images })

  const { descriptor } = await buildModule(originModule, inputs)

  expect(descriptor.component.resources.map(({ name, version }) => `${name} ${version}`)).toEqual([
    'image-x 1',
    'image-y-abababab 0.0.0+sha256.abababababab',
    'image-y-abababab 2.0.1+sha256.abababababab',
    'raw-manifest v1.2.0',
  ])
})

test('what a cluster would drop from the default resource is said', async () => {
  const inputs = withDefaultCr('replicas: 2', 'replicas: 2\n  size: 3\n  extra: {anything: [1]}')

  const { findings } = await buildModule(originModule, inputs)

  expect(findings.map(({ text }) => text)).toContain(
    'default-cr.yaml has the field spec.size, which is not in the schema of btpoperators.operator.example.org: the cluster drops it.',
  )
})

describe('refused before anything is pushed', () => {
  const bad: { readonly [name: string]: () => Promise<unknown> } = {
    'module-no-channel': () => buildModule({ ...originModule, channel: undefined }, sampleInputs),
    'module-channel-upper-case': () => buildModule({ ...originModule, channel: 'Alpha1' }, sampleInputs),
    'module-foreign-fields': () =>
      buildModule(
        { ...originModule, manager: modulectlModule.manager, requiresDowntime: true },
        sampleInputs,
      ),
    'module-name-and-version': () =>
      buildModule(
        { ...originModule, componentName: 'Btp', version: '1.2.x', registry: 'https://x' },
        sampleInputs,
      ),
    'module-registry': () =>
      buildModule({ ...originModule, registry: 'registry.example.org/prod/' }, sampleInputs),
    'module-states': () =>
      buildModule(
        {
          ...originModule,
          customStateCheck: [{ jsonPath: 'status.state', value: 'Ready', mappedState: 'Ready' }],
        },
        sampleInputs,
      ),
    'template-version': () =>
      buildModule({ ...modulectlModule, version: '1.2.0-rc.1', anyManagerVersion: true }, sampleInputs),
    'template-module-name': () =>
      buildModule(
        { ...modulectlModule, componentName: 'kyma-project.io/module/k8sgpt-operator' },
        sampleInputs,
      ),
    'template-documentation': () =>
      buildModule({ ...modulectlModule, documentation: 'see the wiki' }, sampleInputs),
    'manager-version': () => buildModule({ ...modulectlModule, version: '1.3.0' }, sampleInputs),
    'manager-absent': () =>
      buildModule(
        { ...modulectlModule, manager: { name: 'x', group: 'apps', version: 'v1', kind: 'Deployment' } },
        sampleInputs,
      ),
    'image-latest': () => buildModule(originModule, withScan({ images: ['registry.example.org/x:latest'] })),
    'image-no-tag': () => buildModule(originModule, withScan({ images: ['registry.example.org/app'] })),
    'default-cr-no-crd': () => buildModule(originModule, withDefaultCr('kind: BtpOperator', 'kind: Other')),
    'default-cr-version': () => buildModule(originModule, withDefaultCr('v1alpha1', 'v1')),
    'default-cr-schema': () =>
      buildModule(originModule, withDefaultCr('replicas: 2', 'replicas: two\n  mode: slow\n  port: [1]')),
    'default-cr-no-name': () => buildModule(originModule, withDefaultCr('  name: btpoperator\n', '')),
    'default-cr-two': () => buildModule(originModule, withDefaultCr('spec:', '---\nspec:')),
    'default-cr-not-yaml': () => buildModule(originModule, withDefaultCr('spec:', 'spec: [')),
    'manifest-empty': () =>
      buildModule(originModule, {
        ...sampleInputs,
        manifest: { name: 'm.yaml', bytes: Buffer.from('---\n') },
      }),
    'manifest-no-mapping': () =>
      buildModule(originModule, {
        ...sampleInputs,
        manifest: { name: 'm.yaml', bytes: Buffer.from('- a\n') },
      }),
    'manifest-aliases': () =>
      buildModule(originModule, {
        ...sampleInputs,
        manifest: { name: 'm.yaml', bytes: Buffer.from(aliases()) },
      }),
  }

  test.each(Object.entries(bad))('%s', async (name, act) => {
    const error = await act().catch((caught: unknown) => caught)

    await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})

/** "Billion laughs": each line has ten of the one before. */
function aliases(): string {
  const lines = Array.from({ length: 8 }, (_, index) => {
    const of = index === 0 ? '"x"' : `*a${index - 1}`
    return `a${index}: &a${index} [${Array.from({ length: 10 }, () => of).join(', ')}]`
  })
  return `${lines.join('\n')}\n`
}

const withScan = (change: Partial<NonNullable<ModuleInputs['scan']>>): ModuleInputs => ({
  ...sampleInputs,
  scan: { moduleName: 'btp-operator', images: [], ...sampleInputs.scan, ...change },
})

function withDefaultCr(before: string, after: string): ModuleInputs {
  const text = Buffer.from(sampleInputs.defaultCr?.bytes ?? '').toString()
  if (!text.includes(before)) throw new Error(`The sample does not hold "${before}"`)
  const bytes = Buffer.from(text.replace(before, after))
  return { ...sampleInputs, defaultCr: { name: 'default-cr.yaml', bytes } }
}

function textOf(built: BuiltModule, name: string): string {
  const file = built.files.find((one) => one.name === name)
  if (file === undefined) throw new Error(`There is no ${name}`)
  return Buffer.from(file.bytes).toString()
}
