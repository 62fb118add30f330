import { closest } from '../lib/closest.ts'
import type { Finding, Path, Problem } from './finding.ts'
import { PathSet } from './path-set.ts'
import { isSecretName } from './quote.ts'
import type { YamlText } from './read-yaml.ts'
import { listText } from './schema/inspect.ts'
import { keysAt, textAt, type Written, type WrittenScalar, writtenAt } from './written.ts'

/** What references can stand for, apart from what the file itself says. */
export interface ReferenceInput {
  readonly version: string
  readonly commit: string
  /** Seconds since 1970. */
  readonly epoch: number
  readonly inputs: { readonly [name: string]: string }
  readonly environment: { readonly [name: string]: string | undefined }
}

/** The first words of references. `arch` is replaced later, once for each architecture of a package. */
type Root = 'version' | 'project' | 'commit' | 'date' | 'epoch' | 'components' | 'inputs' | 'env' | 'arch'

const everywhere: readonly Root[] = ['version', 'project', 'commit', 'date', 'epoch', 'components', 'inputs']

/** Which references may stand where. What becomes bytes of a release never depends on the machine: no `env`. */
const scopes: { readonly [section: string]: readonly Root[] | undefined } = {
  project: [],
  inputs: [],
  version: ['inputs'],
  components: ['version', 'inputs'],
  packages: [...everywhere, 'arch'],
  images: [...everywhere, 'arch'],
  modules: everywhere,
  release: everywhere,
  environments: everywhere,
}

const scopeOf = (path: Path): readonly Root[] => scopes[String(path[0])] ?? [...everywhere, 'env']

const token = /\$\$\{|\$\{([^}\n]*)\}|\$\{/g

type Answer = { readonly text: string } | { readonly problem: Omit<Problem, 'path'> } | 'late'

/** Replaces references, and knows what they stand for. */
export class References {
  readonly #root: Written
  readonly #input: ReferenceInput
  readonly #yaml: YamlText
  readonly #components = new Map<string, string>()
  readonly findings: Finding[] = []
  /** Values in which a reference could not be replaced; the schema says nothing about them. */
  readonly failed = new PathSet()

  constructor(root: Written, input: ReferenceInput, yaml: YamlText) {
    this.#root = root
    this.#input = input
    this.#yaml = yaml
    for (const name of keysAt(root, ['components'])) {
      const path = ['components', name, 'version']
      const text = textAt(root, path)
      // Its own problems are reported when the tree is replaced.
      if (text !== undefined)
        this.#components.set(
          name,
          this.#text(text, path, () => undefined),
        )
    }
  }

  /** The file with every reference replaced; positions stay those of the original. */
  replaceAll(): Written {
    return this.#tree(this.#root, [])
  }

  /** One text, for expressions that must be split before values are put in. */
  replaceText(
    text: string,
    path: Path,
    report: (problem: Omit<Problem, 'path'>, expression: string) => void,
  ): string {
    return this.#text(text, path, report)
  }

  #tree(written: Written, path: Path): Written {
    if (written.kind === 'scalar') return this.#scalar(written, path)
    if (written.kind === 'list') {
      return { ...written, items: written.items.map((item, index) => this.#tree(item, [...path, index])) }
    }
    const members = [...written.members].map(
      ([key, { keyAt, value }]) => [key, { keyAt, value: this.#tree(value, [...path, key]) }] as const,
    )
    return { ...written, members: new Map(members) }
  }

  #scalar(scalar: WrittenScalar, path: Path): Written {
    if (
      typeof scalar.value !== 'string' ||
      !scalar.value.includes('${') ||
      isCondition(path) ||
      isPattern(path)
    )
      return scalar
    let from = scalar.at
    const text = this.#text(scalar.value, path, (problem, expression) => {
      const found = this.#yaml.slice(from, scalar.end).indexOf(expression)
      const offset = found === -1 ? scalar.at : from + found
      from = offset + (found === -1 ? 0 : expression.length)
      this.findings.push(this.#yaml.locateOffset(offset, { ...problem, path }))
      this.failed.add(path)
    })
    return { ...scalar, value: text, text }
  }

  #text(
    text: string,
    path: Path,
    report: (problem: Omit<Problem, 'path'>, expression: string) => void,
  ): string {
    // Packages are gone through once more for `arch`, so there escapes stay, and values are escaped.
    const isLate = scopeOf(path).includes('arch')
    return text.replace(token, (expression, name: string | undefined) => {
      if (expression === '$${') return isLate ? expression : '${'
      const answer: Answer = name === undefined ? { problem: unterminated } : this.#answer(name.trim(), path)
      if (answer === 'late') return expression
      if ('text' in answer) return isLate ? answer.text.replaceAll('${', () => '$${') : answer.text
      report(answer.problem, expression)
      return expression
    })
  }

  #answer(name: string, path: Path): Answer {
    const [, root = '', rest] = /^([^.]*)(?:\.(.*))?$/.exec(name) ?? []
    const scope = scopeOf(path)
    if (!isRoot(root)) return this.#unknown(name, scope)
    if (!scope.includes(root)) return { problem: outOfScope(name, root, path) }
    if (root === 'components') return this.#component(name, rest, scope)
    if (root === 'inputs') return this.#given(name, rest, scope)
    if (root === 'env') return this.#environment(rest ?? '')
    if (rest !== undefined) return this.#unknown(name, scope)
    if (root === 'arch') return 'late'
    return { text: this.#plain(root) }
  }

  #plain(root: 'version' | 'project' | 'commit' | 'date' | 'epoch'): string {
    if (root === 'project') return textAt(this.#root, ['project']) ?? ''
    if (root === 'date') return new Date(this.#input.epoch * 1000).toISOString().slice(0, 10)
    return String(this.#input[root])
  }

  #component(name: string, rest: string | undefined, scope: readonly Root[]): Answer {
    const [, component = ''] = /^(.*)\.version$/.exec(rest ?? '') ?? []
    const text = this.#components.get(component)
    // A component without a version, or of another form, is the schema's finding.
    if (text === undefined && component !== '' && this.#has(['components', component])) return { text: '' }
    return text === undefined ? this.#unknown(name, scope) : { text }
  }

  #given(name: string, rest: string | undefined, scope: readonly Root[]): Answer {
    if (rest === undefined || !this.#has(['inputs', rest])) return this.#unknown(name, scope)
    return { text: this.#input.inputs[rest] ?? '' }
  }

  #has(path: Path): boolean {
    return writtenAt(this.#root, path) !== undefined
  }

  #environment(expression: string): Answer {
    const [, name = '', fallback] = /^([^:]*)(?::-(.*))?$/.exec(expression) ?? []
    if (isSecretName(name)) return { problem: secretVariable(name) }
    const text = this.#input.environment[name] ?? fallback
    if (text !== undefined) return { text }
    return {
      problem: {
        code: 'CONFIG_REFERENCE_UNSET',
        message: `The environment variable "${name}" is not set.`,
        hint: `Set it, or say what to take instead: \${env.${name}:-TEXT}.`,
      },
    }
  }

  #unknown(name: string, scope: readonly Root[]): Answer {
    const known = this.#names(scope)
    const near = closest(name, known)
    return {
      problem: {
        code: 'CONFIG_REFERENCE_UNKNOWN',
        message: `"\${${name}}" refers to nothing.`,
        hint:
          near === undefined
            ? `Known here: ${known.map((one) => `\${${one}}`).join(', ') || 'no reference'}. A literal "\${" is written "$\${".`
            : `Did you mean "\${${near}}"?`,
      },
    }
  }

  #names(scope: readonly Root[]): readonly string[] {
    return scope.flatMap((root) => {
      if (root === 'components') {
        return keysAt(this.#root, ['components']).map((component) => `components.${component}.version`)
      }
      if (root === 'inputs') return keysAt(this.#root, ['inputs']).map((input) => `inputs.${input}`)
      return root === 'env' ? ['env.NAME'] : [root]
    })
  }
}

/** The second pass, over a package for one architecture: late references and escapes. */
export const replaceArchitecture = (text: string, architecture: string): string =>
  text.replace(token, (expression, name: string | undefined) => {
    if (expression === '$${') return '${'
    return name?.trim() === 'arch' ? architecture : expression
  })

/** `when` is split into its comparisons before values are put in (pipeline-condition.ts). */
const isCondition = (path: Path): boolean =>
  path[0] === 'pipeline' && path[1] === 'steps' && path[3] === 'when'

/** Patterns of edits have words of their own (downstream/version-pattern.ts). */
const isPattern = (path: Path): boolean => path[0] === 'consumers' && path.at(-1) === 'pattern'

const isRoot = (text: string): text is Root => ['env', 'arch', ...everywhere].includes(text)

const unterminated = {
  code: 'CONFIG_REFERENCE_OPEN',
  message: 'A reference is not closed.',
  hint: 'References end with "}". A literal "${" is written "$${".',
}

const secretVariable = (name: string) => ({
  code: 'CONFIG_REFERENCE_SECRET',
  message: `"\${env.${name}}" would copy a secret into the plan.`,
  hint: `Options that take a secret read it themselves: write "env:${name}" there.`,
})

function outOfScope(name: string, root: Root, path: Path): Omit<Problem, 'path'> {
  const section = String(path[0])
  const allowed = scopeOf(path).map(
    (one) => `\${${one}${one === 'components' || one === 'inputs' ? '.…' : ''}}`,
  )
  const usable =
    allowed.length === 0 ? `"${section}" takes no references.` : `Usable here: ${listText(allowed, 'and')}.`
  const reasons: { readonly [one in Root]?: string } = {
    env: 'What is released must not depend on the machine that releases it. Declare an input instead.',
    arch: 'It is known only inside of packages and images.',
    components: section === 'components' ? 'Components cannot refer to each other.' : '',
  }
  return {
    code: 'CONFIG_REFERENCE_SCOPE',
    message: `"\${${name}}" cannot be used here.`,
    hint: [reasons[root] ?? '', usable].filter((part) => part !== '').join(' '),
  }
}
