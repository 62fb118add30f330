import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { buildModule } from '../../src/module/build-module.ts'
import { writeDescriptor } from '../../src/module/component-descriptor.ts'
import type { ModuleDeclaration } from '../../src/module/module-declaration.ts'
import { modulectlModule, originModule, sampleInputs } from '../../src/module/testdata/sample-module.ts'
import { readYamlDocument } from '../../src/module/yaml-text.ts'

const ajv = new Ajv2020({ allErrors: true, strict: false })
addFormats.default(ajv)
const schema = (name: string) =>
  ajv.compile(JSON.parse(readFileSync(join(import.meta.dirname, 'schemas', name), 'utf8')) as object)
const isDescriptor = schema('component-descriptor-v2.json')
const isTemplate = schema('module-template.json')

const modules: { readonly [name: string]: ModuleDeclaration } = {
  'cli-v2': originModule,
  'cli-v2 of v1beta1': { ...originModule, templateVersion: 'v1beta1' },
  'cli-v2 with states': {
    ...originModule,
    customStateCheck: ['Ready', 'Error'].map((state) => ({
      ...{ jsonPath: 'status.state', value: state, mappedState: state },
    })),
  },
  'modulectl-1': { ...modulectlModule, profile: 'modulectl-1' },
  'modulectl-2': modulectlModule,
  'modulectl-3': {
    ...modulectlModule,
    profile: 'modulectl-3',
    associatedResources: [{ group: 'a.b', version: 'v1', kind: 'C' }],
  },
}

describe.each(Object.entries(modules))('a module of %s', (_name, declaration) => {
  test('has a descriptor and templates that the schemas of their projects take', async () => {
    const built = await buildModule(declaration, sampleInputs)

    isDescriptor(readYamlDocument(writeDescriptor(built.descriptor), 'the descriptor'))
    expect(isDescriptor.errors ?? []).toEqual([])
    for (const { name, bytes } of built.files.filter((file) => file.name.startsWith('template'))) {
      isTemplate(readYamlDocument(Buffer.from(bytes).toString(), name))
      expect(isTemplate.errors ?? []).toEqual([])
    }
  })
})
