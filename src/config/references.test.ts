import { describe, expect, test } from 'vitest'
import type { Config } from './config.ts'
import { parseConfig } from './parse-config.ts'
import { fakeKinds } from './testdata/fake-kinds.ts'

async function configOf(text: string, input: object = {}): Promise<Config> {
  const { config, findings } = await parseConfig(fakeKinds, { text, file: 'hawser.yaml', ...input })
  if (config === undefined) throw new Error(JSON.stringify(findings, null, 2))
  return config
}

const sourcePath = (config: Config): unknown => config.sources['one']?.options['path']

describe('references', () => {
  test('stand for the release, components, inputs and the environment', async () => {
    const config = await configOf(
      `project: hello
components: { a: { version: 1.10 } }
inputs: { mode: { default: quick } }
sources: { one: { disk: { path: '\${project} \${version} \${commit} \${date} \${epoch} \${components.a.version} \${inputs.mode} \${env.PLACE}' } } }
`,
      { version: '2.0.0', commit: 'c0ffee', epoch: 86_400, environment: { PLACE: 'here' } },
    )

    expect(sourcePath(config)).toBe('hello 2.0.0 c0ffee 1970-01-02 86400 1.10 quick here')
  })

  test('are literal after a second dollar sign', async () => {
    const config = await configOf(
      `project: hello\nsources: { one: { disk: { path: 'a$\${version}$b$' } } }\n`,
    )

    expect(sourcePath(config)).toBe('a${version}$b$')
  })

  test('take what is written behind ":-" for a variable that is not set', async () => {
    const config = await configOf(
      `project: hello\nsources: { one: { disk: { path: '\${env.PLACE:-over there}' } } }\n`,
    )

    expect(sourcePath(config)).toBe('over there')
  })

  test('in a value that was given are not replaced again', async () => {
    const text = `project: hello\ninputs: { a: {} }\nsources: { one: { disk: { path: '\${inputs.a}' } } }\n`

    expect(sourcePath(await configOf(text, { version: '1.0.0', inputs: { a: '${version}' } }))).toBe(
      '${version}',
    )
  })

  test('of components may use the version and inputs', async () => {
    const config = await configOf(
      `project: hello\ninputs: { a: { default: 3 } }\ncomponents: { x: { version: '\${version}.\${inputs.a}' } }\nrelease: { title: '\${components.x.version}' }\n`,
      { version: '1.2' },
    )

    expect(config.release.title).toBe('1.2.3')
  })
})

describe('inputs', () => {
  const text = 'project: hello\ninputs:\n  mode: { values: [real, dummy] }\n  any: {}\n'
  const findingsWith = async (input: object) => {
    const { findings } = await parseConfig(fakeKinds, { text, file: 'hawser.yaml', ...input })
    return findings.map(({ line, column, message }) => `${line}:${column} ${message}`)
  }

  test('must be given for a release', async () => {
    expect(await findingsWith({ version: '1.0.0' })).toEqual([
      '3:3 The input "mode" has no default, and was not given.',
      '4:3 The input "any" has no default, and was not given.',
    ])
  })

  test('need not be given to check the file', async () => {
    expect(await findingsWith({})).toEqual([])
  })

  test('are declared, and of the declared values', async () => {
    expect(
      await findingsWith({ version: '1.0.0', inputs: { mode: 'fake', any: 'x', moed: 'real' } }),
    ).toEqual([
      '2:1 The input "moed" was given, and the file does not declare it.',
      '3:3 The input "mode" was given as "fake", which is not one of its values.',
    ])
  })
})
