import { readYaml } from '../../read-yaml.ts'
import { keysAt, textAt, type Written, writtenAt } from '../../written.ts'
import type { CiFacts, CiInput } from './ci-system.ts'

/** What hawser.yaml says that is gone from a resolved config: which inputs there are, and where secrets come from. */
export function writtenFacts(text: string, file: string): Pick<CiFacts, 'inputs' | 'secrets'> {
  const { root } = readYaml(text, file)
  if (root === undefined) return { inputs: [], secrets: [] }
  const secrets = new Set<string>()
  collectSecrets(root, secrets)
  return { inputs: keysAt(root, ['inputs']).map((name) => inputOf(root, name)), secrets: [...secrets].sort() }
}

function inputOf(root: Written, name: string): CiInput {
  const values = writtenAt(root, ['inputs', name, 'values'])
  const fallback = writtenAt(root, ['inputs', name, 'default'])
  const choices =
    values?.kind === 'list' ? values.items.flatMap((item) => (item.kind === 'scalar' ? [item] : [])) : []
  const samples = fallback?.kind === 'scalar' ? [...choices, fallback] : choices
  const isYesOrNo = samples.length > 0 && samples.every(({ value }) => typeof value === 'boolean')
  const otherKind = choices.length > 0 ? 'choice' : 'text'
  return {
    name,
    describe: textAt(root, ['inputs', name, 'describe']) ?? `The input "${name}" of hawser.yaml.`,
    kind: isYesOrNo ? 'yes or no' : otherKind,
    values: choices.map((choice) => choice.text),
    fallback: textAt(root, ['inputs', name, 'default']),
  }
}

function collectSecrets(written: Written, found: Set<string>): void {
  if (written.kind === 'scalar') {
    const name = /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(written.text)?.[1]
    if (name !== undefined) found.add(name)
  } else if (written.kind === 'list') {
    for (const item of written.items) collectSecrets(item, found)
  } else {
    for (const { value } of written.members.values()) collectSecrets(value, found)
  }
}
