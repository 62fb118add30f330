import type { z } from 'zod'

/** A union's issue as those of the alternative that was meant: the one that got furthest. */
export function flattenIssue(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const branches = issue.errors.map((branch) =>
    branch.flatMap((inner) => flattenIssue({ ...inner, path: [...issue.path, ...inner.path] })),
  )
  const isDeeper = (one: z.core.$ZodIssue) =>
    one.path.length > issue.path.length ||
    !['invalid_type', 'invalid_value', 'invalid_union'].includes(one.code)
  const meant = branches.find((branch) => branch.length > 0 && branch.every(isDeeper))
  if (meant !== undefined) return meant
  // A number where one alternative is a text: taken as typed.
  const asText = branches.flat().find((one) => one.code === 'invalid_type' && one.expected === 'string')
  return [asText !== undefined && typeof issue.input === 'number' ? asText : { ...issue, errors: [] }]
}

/** What a finding says, without its place. */
export interface Words {
  readonly code: string
  readonly message: string
  readonly hint: string
}

export function typeText(input: unknown, value: string, expected: string): string {
  const wanted = expected === '' ? 'something else' : expected
  return `${input === null ? 'Nothing' : value} is written here; it must be ${wanted}.`
}

/** Whether an issue has words of the schema's author instead of zod's. */
export const isOwnText = (message: string): boolean =>
  !/^(Invalid|Too |Unrecognized|Expected|Required)/.test(message)

/** Own words are a part of a sentence ("is empty") or a whole one ("Write NAME@VERSION …"). */
export const startsSentence = (text: string): boolean => /^[A-Z]/.test(text)

/** What a check says, without zod's own words: "is empty", "is less than 1", "has not the right form". */
export function complaintOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom') return sentencePart(issue.message)
  if (isOwnText(issue.message)) return sentencePart(issue.message)
  if (issue.code === 'too_small')
    return limitText(issue.origin, 'less', Number(issue.minimum), issue.inclusive)
  if (issue.code === 'too_big') return limitText(issue.origin, 'more', Number(issue.maximum), issue.inclusive)
  if (issue.code === 'not_multiple_of') return `is not a multiple of ${issue.divisor}`
  if (issue.code === 'invalid_key')
    return issue.issues[0] === undefined ? 'is no name' : complaintOf(issue.issues[0])
  if (issue.code === 'invalid_format') return formatText(issue.format, issue.pattern)
  return 'is not valid here'
}

/** "one line" → "is not one line"; parts that begin with a verb stay. */
function sentencePart(message: string): string {
  const part = message.replace(/[.\s]+$/, '')
  const isComplete =
    startsSentence(part) || /^(?:is|are|has|must|may|can|cannot|contains|names|begins|ends|does)\b/.test(part)
  return isComplete ? part : `is not ${part}`
}

function limitText(origin: string, side: 'less' | 'more', limit: number, inclusive = true): string {
  const bound = `${side === 'less' ? 'at least' : 'at most'} ${inclusive ? limit : `${limit} (not itself)`}`
  if (origin === 'string')
    return limit === 1 && side === 'less' ? 'is empty' : `must have ${bound} characters`
  if (origin === 'array' || origin === 'set') {
    return limit === 1 && side === 'less' ? 'is empty' : `must have ${bound} entries`
  }
  return `is out of range: it must be ${bound}`
}

const formats: { readonly [format: string]: string | undefined } = {
  url: 'a URL',
  email: 'a mail address',
  hex: 'a hexadecimal number',
  base64: 'base64',
  iso_date: 'a day of the form YYYY-MM-DD',
}

function formatText(format: string, pattern: string | undefined): string {
  const known = formats[format]
  if (known !== undefined) return `is not ${known}`
  return pattern === undefined ? `is not of the form "${format}"` : 'does not have the right form'
}

/** The pattern that a text does not match, where nobody wrote a sentence for it. */
export const patternOf = (issue: z.core.$ZodIssue): string | undefined =>
  issue.code === 'invalid_format' && !isOwnText(issue.message) && formats[issue.format] === undefined
    ? issue.pattern
    : undefined
