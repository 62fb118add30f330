/** A licence as people wrote it, sorted by what forms can hold. */
export type LicenseText =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'expression'; readonly expression: string }
  | { readonly kind: 'name'; readonly name: string }

/** A valid SPDX expression is kept; anything else is a name, such as "Proprietary". */
export async function readLicense(text: string): Promise<LicenseText> {
  const spdx = await import('@cyclonedx/cyclonedx-library/SPDX')
  const isListed = (id: string): boolean => spdx.isSupportedSpdxId(id)
  const trimmed = text.trim()
  if (isListed(trimmed)) return { kind: 'id', id: trimmed }
  const known = (id: string): boolean =>
    isListed(id.replace(/\+$/, '')) || /^(DocumentRef-[\w.-]+:)?LicenseRef-[\w.-]+$/.test(id)
  const tokens = trimmed.match(/[()]|[^\s()]+/g) ?? []
  if (isExpression(tokens, known)) return { kind: 'expression', expression: trimmed }
  return { kind: 'name', name: trimmed }
}

/** SPDX 2.3, annex D: operands joined by AND and OR, an exception after WITH, parentheses. */
function isExpression(tokens: readonly string[], known: (id: string) => boolean): boolean {
  let depth = 0
  let wantsOperand = true
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? ''
    if (token === '(' && wantsOperand) depth++
    else if (token === ')' && !wantsOperand && depth > 0) depth--
    else if (wantsOperand && known(token)) {
      wantsOperand = false
      if (tokens[index + 1] === 'WITH' && /^[A-Za-z0-9.-]+$/.test(tokens[index + 2] ?? '')) index += 2
    } else if (!wantsOperand && (token === 'AND' || token === 'OR')) wantsOperand = true
    else return false
  }
  return depth === 0 && !wantsOperand
}
