/** The answer to a `when`, with the words for a skipped step. */
export interface Condition {
  readonly holds: boolean
  /** Such as `${inputs.credentials} == real is not so ("dummy")`. */
  readonly because: string
}

export type ConditionResult = { readonly condition: Condition } | { readonly problem: string }

/**
 * `A == B`, `A != B`, or `A` alone (which must be `true`), joined with `&&` (binds stronger) and `||`. It is split
 * before references are replaced, so that no value can change what is asked.
 */
export function readCondition(text: string, replace: (operand: string) => string): ConditionResult {
  const alternatives = text
    .split('||')
    .map((alternative) => alternative.split('&&').map((part) => part.trim()))
  const failed: string[] = []
  let holds = false
  for (const alternative of alternatives) {
    const answers = alternative.map((part) => compare(part, replace))
    for (const answer of answers) if ('problem' in answer) return answer
    const wrong = answers.flatMap((answer) => ('because' in answer && !answer.holds ? [answer.because] : []))
    if (wrong.length === 0) holds = true
    failed.push(...wrong)
  }
  return { condition: { holds, because: holds ? `${text} is so` : failed.join('; ') } }
}

function compare(
  part: string,
  replace: (operand: string) => string,
): Condition | { readonly problem: string } {
  const [, left = '', operator, right] = /^(.*?)(?:\s*(==|!=)\s*(.*))?$/s.exec(part) ?? []
  if (left === '' || (operator !== undefined && (right === undefined || right === ''))) {
    return { problem: 'has nothing to compare on one side' }
  }
  if (/==|!=|[<>]=?|^!/.test(right ?? '') || /[<>]|^!/.test(left)) return { problem: 'is no comparison' }
  const [found, wanted] = [
    operandOf(left, replace),
    operator === undefined ? 'true' : operandOf(right ?? '', replace),
  ]
  const holds = operator === '!=' ? found !== wanted : found === wanted
  return { holds, because: `${part} is not so (${JSON.stringify(found)})` }
}

function operandOf(text: string, replace: (operand: string) => string): string {
  const [, , quoted] = /^(['"])(.*)\1$/s.exec(text) ?? []
  return replace(quoted ?? text)
}
