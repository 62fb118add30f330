/** What the schema and the rules have made sure of. */
export function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('A required key is missing in a file without findings')
  return value
}
