import { buildConfig, releaseVersion } from './build-config.ts'
import { checkedVersion, circularVersion } from './component-version.ts'
import type { Config } from './config.ts'
import { type Finding, type Problem, sortFindings } from './finding.ts'
import { resolveInputs } from './inputs.ts'
import { withKeyringDefaults } from './keyring.ts'
import type { ConfigKinds } from './kinds.ts'
import { PathSet } from './path-set.ts'
import { type Condition, readCondition } from './pipeline-condition.ts'
import { checkFiles, type LookAtFile } from './project-files.ts'
import { quote } from './quote.ts'
import { readYaml, type YamlText } from './read-yaml.ts'
import { type ReferenceInput, References } from './references.ts'
import { rules } from './rules/all-rules.ts'
import type { RuleContext } from './rules/rule.ts'
import { configSchema, ignoredKey, type WrittenConfig } from './schema/config-schema.ts'
import { validate } from './validate.ts'
import { textAt } from './written.ts'

export interface ConfigText extends Partial<ReferenceInput> {
  readonly text: Uint8Array | string
  /** The file's name in findings. */
  readonly file: string
  /** How files that the config names are looked for; without it they are not. */
  readonly look?: LookAtFile
}

export interface ParsedConfig {
  /** Undefined when there are findings. */
  readonly config: Config | undefined
  /** All of them, in the order of the file. */
  readonly findings: readonly Finding[]
  /** Puts something that was found later (in a source, in a build) in its place in the file. */
  locate(problem: Problem): Finding
}

/** Text → Config, or everything that is wrong with it. Reads nothing but what `look` looks at. */
export async function parseConfig(kinds: ConfigKinds, input: ConfigText): Promise<ParsedConfig> {
  const yaml = readYaml(input.text, input.file)
  const locate = (problem: Problem) => yaml.locate(problem)
  if (yaml.root === undefined) return { config: undefined, findings: sortFindings(yaml.findings), locate }
  const inputs = resolveInputs(yaml.root, input.inputs ?? {}, input.version === undefined)
  const version = input.version ?? checkedVersion(yaml.root, inputs.values)
  const references = new References(yaml.root, referenceInput(input, version, inputs.values), yaml)
  const root = references.replaceAll()
  const validated = validate(configSchema(kinds), root, {
    ignoreTop: ignoredKey,
    silent: references.failed,
  })
  if (validated.value === undefined) throw new Error('Cutting out every problem leaves a valid, empty config')
  const written = withKeyringDefaults(validated.value, kinds)
  const context = { config: written, root, kinds, version: releaseVersion(written, kinds, version) }
  const conditions = readConditions(written, references, yaml)
  const circular = circularVersion(yaml.root)
  const silent = [validated.cut, references.failed, placesOf(circular)]
  const later = [...ruleProblems(context, silent), ...(await fileProblems(written, input.look, silent))]
  const problems = [...inputs.problems, ...circular, ...validated.problems, ...later]
  const findings = sortFindings([...references.findings, ...conditions.findings, ...problems.map(locate)])
  if (findings.length > 0) return { config: undefined, findings, locate }
  return {
    config: buildConfig(written, kinds, { version, inputs: inputs.values, conditions: conditions.found }),
    findings,
    locate,
  }
}

const referenceInput = (
  input: ConfigText,
  version: string,
  inputs: ReferenceInput['inputs'],
): ReferenceInput => ({
  version,
  commit: input.commit ?? '0'.repeat(40),
  epoch: input.epoch ?? 0,
  inputs,
  environment: input.environment ?? {},
})

function ruleProblems(context: RuleContext, silent: readonly PathSet[]): readonly Problem[] {
  return rules.flatMap((rule) => rule(context)).filter((problem) => isSound(problem, silent))
}

async function fileProblems(
  written: WrittenConfig,
  look: LookAtFile | undefined,
  silent: readonly PathSet[],
): Promise<readonly Problem[]> {
  if (look === undefined) return []
  return (await checkFiles(written, look)).filter((problem) => isSound(problem, silent))
}

/** Whether nothing was said about the place before. A secret is always worth a finding of its own. */
const isSound = (problem: Problem, silent: readonly PathSet[]): boolean =>
  problem.code === 'CONFIG_SECRET' || !silent.some((places) => places.covers(problem.path))

function placesOf(problems: readonly Problem[]): PathSet {
  const places = new PathSet()
  for (const { path } of problems) places.add(path)
  return places
}

interface Conditions {
  readonly found: ReadonlyMap<number, Condition>
  readonly findings: readonly Finding[]
}

function readConditions(written: WrittenConfig, references: References, yaml: YamlText): Conditions {
  const found = new Map<number, Condition>()
  const findings: Finding[] = []
  for (const [index] of (written.pipeline?.steps ?? []).entries()) {
    const path = ['pipeline', 'steps', index, 'when']
    const text = yaml.root === undefined ? undefined : textAt(yaml.root, path)
    if (text === undefined) continue
    const result = readCondition(text, (operand) =>
      references.replaceText(operand, path, (problem) => findings.push(yaml.locate({ ...problem, path }))),
    )
    if ('condition' in result) found.set(index, result.condition)
    else {
      const message = `${quote(text)} ${result.problem}.`
      const hint = 'Write "A == B" or "A != B", joined with "&&" or "||".'
      findings.push(yaml.locate({ path, code: 'PIPELINE_CONDITION', message, hint }))
    }
  }
  return { found, findings }
}
