import { z } from 'zod'
import { closest } from '../lib/closest.ts'
import type { Path, Problem } from './finding.ts'
import {
  complaintOf,
  flattenIssue,
  isOwnText,
  patternOf,
  startsSentence,
  typeText,
  type Words,
} from './issue-words.ts'
import { PathSet } from './path-set.ts'
import { isSecretName, quote } from './quote.ts'
import { alternatives, descriptionAt, expectationOf, schemasAt } from './schema/inspect.ts'
import { knownKeys, requiredKeys, valuesOf } from './schema/inspect-keys.ts'
import { type Plain, plainAt, plainOf, setPlain, textAt, type Written } from './written.ts'

export interface Validated<Value> {
  /** What is left when everything invalid is cut out; undefined when even that does not fit. */
  readonly value: Value | undefined
  readonly problems: readonly Problem[]
  /** What was cut out: rules say nothing about these places. */
  readonly cut: PathSet
}

/**
 * Applies a schema and goes on behind every problem: unknown keys are reported and left out, numbers become the text
 * that was typed where a text is wanted, and what is invalid is cut out, so that the rules still see the rest and all
 * findings come at once.
 */
export function validate<Value>(
  schema: z.ZodType<Value>,
  root: Written,
  options: ValidateOptions = {},
): Validated<Value> {
  const validation = new Validation(schema, root, options)
  return validation.run()
}

export interface ValidateOptions {
  /** Keys at the top that are left out without a word. */
  readonly ignoreTop?: RegExp
  /** Where the value stands in the file. */
  readonly basePath?: Path
  /** Places, below the base, that something was said about already. */
  readonly silent?: PathSet
}

/** The issues that zod makes of a key that is not there. */
const absentCodes: readonly string[] = ['invalid_type', 'invalid_union', 'invalid_value']

/** Each round removes at least one value, so this many mean that something else is wrong. */
const roundsMax = 200

class Validation<Value> {
  readonly #schema: z.ZodType<Value>
  readonly #root: Written
  readonly #options: ValidateOptions
  readonly #base: Path
  readonly #problems: Problem[] = []
  readonly #cut = new PathSet()
  #plain: Plain

  constructor(schema: z.ZodType<Value>, root: Written, options: ValidateOptions) {
    this.#schema = schema
    this.#root = root
    this.#options = options
    this.#base = options.basePath ?? []
    this.#plain = plainOf(root)
  }

  run(): Validated<Value> {
    this.#checkKeys([this.#schema], this.#plain, [])
    for (let round = 0; round < roundsMax; round++) {
      const result = this.#schema.safeParse(this.#plain, { reportInput: true })
      if (result.success) return { value: result.data, problems: this.#problems, cut: this.#cut }
      const treated = new PathSet()
      for (const issue of result.error.issues.flatMap(flattenIssue)) {
        const path = issue.path.filter((part) => typeof part !== 'symbol')
        // One problem for each value: what follows in its children or parents is a consequence.
        if (treated.covers(path)) continue
        treated.add(path)
        if (!this.#becameText(issue, path)) this.#report(issue, path)
      }
      if (this.#cut.has(this.#base)) break
    }
    return { value: undefined, problems: this.#problems, cut: this.#cut }
  }

  /** zod strips keys that an object without `.strict()` does not know; people want to hear of them. */
  #checkKeys(schemas: readonly z.core.$ZodType[], value: Plain, path: Path): void {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        this.#checkKeys(childSchemas(schemas, index), item, [...path, index])
      }
      return
    }
    if (value === null || typeof value !== 'object') return
    this.#reportMissing(schemas, value, path)
    const known = knownKeys(schemas)
    for (const [key, member] of Object.entries(value)) {
      const isIgnored = path.length === 0 && this.#options.ignoreTop?.test(key) === true
      if (known !== undefined && !known.includes(key)) {
        if (!isIgnored) this.#reportUnknown(key, known, path)
        delete value[key]
      } else this.#checkKeys(childSchemas(schemas, key), member, [...path, key])
    }
  }

  /** Keys that `mapOf` requires of people, though not of zod. */
  #reportMissing(schemas: readonly z.core.$ZodType[], value: object, path: Path): void {
    const [schema, second] = schemas.flatMap(alternatives).filter((one) => one instanceof z.ZodObject)
    const required = schema === undefined || second !== undefined ? [] : requiredKeys(schema)
    for (const key of required.filter((one) => !Object.hasOwn(value, one))) {
      this.#cut.add([...this.#base, ...path, key])
      this.#add({ path: [...path, key], ...this.#missing('', [...path, key]) })
    }
  }

  #reportUnknown(key: string, known: readonly string[], path: Path): void {
    const near = closest(key, known)
    const list = known.length > 40 ? '' : `Known here: ${known.join(', ')}.`
    this.#add({
      path: [...path, key],
      at: 'key',
      code: 'CONFIG_UNKNOWN_KEY',
      message: `"${key}" is not a key that can be used here.`,
      hint: near === undefined ? list : `Did you mean "${near}"?`,
    })
  }

  #becameText(issue: z.core.$ZodIssue, path: Path): boolean {
    const typed = textAt(this.#root, path)
    const wantsText = issue.code === 'invalid_type' && issue.expected === 'string'
    if (typed === undefined || typeof issue.input !== 'number' || !wantsText) return false
    setPlain(this.#plain, path, typed)
    return true
  }

  #report(issue: z.core.$ZodIssue, path: Path): void {
    const isMissing = issue.input === undefined && absentCodes.includes(issue.code)
    if (!isMissing) {
      const at = issue.code === 'invalid_key' ? { at: 'key' as const } : {}
      this.#add({ path, ...at, ...this.#invalid(issue, path) })
      this.#cutOut(path)
      return
    }
    const absolute = [...this.#base, ...path]
    // What was cut out before has been reported; the map cannot stand without it.
    if (!this.#cut.has(absolute)) {
      this.#add({ path, ...this.#missing(issue.message, path) })
    }
    this.#cut.add(absolute)
    this.#cutOut(path.slice(0, -1))
  }

  #missing(authorsText: string, path: Path): Words {
    const expected = expectationOf(schemasAt(this.#schema, path)) || 'a value'
    // An author who wrote an own text for this case knows best what to do.
    const hint =
      authorsText !== '' && isOwnText(authorsText)
        ? authorsText
        : hintOf(`Add it: ${expected}.`, descriptionAt(this.#schema, path))
    return { code: 'CONFIG_MISSING', message: `"${path.at(-1)}" is missing.`, hint }
  }

  #invalid(issue: z.core.$ZodIssue, path: Path): Words {
    const schemas = schemasAt(this.#schema, path)
    const description = descriptionAt(this.#schema, path)
    // What a refinement of a map says of one of its members is about the member.
    const input = issue.code === 'custom' ? plainAt(this.#plain, path) : issue.input
    const value = isSecretName(String(path.at(-1))) ? 'The value' : quote(input)
    if (issue.code === 'invalid_type' || issue.code === 'invalid_union' || issue.code === 'invalid_value') {
      const ownHint = isOwnText(issue.message) ? issue.message : description
      const near = typeof issue.input === 'string' ? closest(issue.input, valuesOf(schemas)) : undefined
      return {
        code: 'CONFIG_TYPE',
        message: typeText(issue.input, value, expectationOf(schemas)),
        hint: near === undefined ? ownHint : `Did you mean "${near}"?`,
      }
    }
    const subject = issue.code === 'invalid_key' ? quote(path.at(-1)) : value
    const complaint = complaintOf(issue)
    if (complaint === 'is empty') {
      const what = Array.isArray(issue.input) ? 'The list' : 'The text'
      return { code: 'CONFIG_VALUE', message: `${what} is empty.`, hint: description }
    }
    if (startsSentence(complaint)) {
      return { code: 'CONFIG_VALUE', message: `${subject} cannot be used here.`, hint: `${complaint}.` }
    }
    const form = patternOf(issue)
    return {
      code: 'CONFIG_VALUE',
      message: `${subject} ${complaint}.`,
      hint: form === undefined ? description : hintOf(description, `The form is ${form}.`),
    }
  }

  #add(problem: Problem): void {
    const path = [...this.#base, ...problem.path]
    if (this.#options.silent?.covers(path) !== true) this.#problems.push({ ...problem, path })
  }

  /** Removes the value, or the nearest parent that can be removed without moving its neighbours in a list. */
  #cutOut(path: Path): void {
    // Gone already, with a list that another problem was in.
    if (this.#cut.covers([...this.#base, ...path])) return
    for (let length = path.length; length > 0; length--) {
      const parent = plainAt(this.#plain, path.slice(0, length - 1))
      const key = path[length - 1]
      if (parent === null || typeof parent !== 'object' || Array.isArray(parent) || key === undefined)
        continue
      if (!Object.hasOwn(parent, key)) continue
      delete parent[key]
      this.#cut.add([...this.#base, ...path.slice(0, length)])
      return
    }
    this.#cut.add(this.#base)
  }
}

function childSchemas(
  schemas: readonly z.core.$ZodType[],
  part: string | number,
): readonly z.core.$ZodType[] {
  return schemas.flatMap((schema) => schemasAt(schema, [part]))
}

const hintOf = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ')
