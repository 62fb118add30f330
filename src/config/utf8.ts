/** Without the byte order mark that some editors write. */
export const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text)

/** The offset, in the lossy text, of the first bytes that are not UTF-8. */
export function firstInvalid(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let low = 0
  let high = bytes.length
  // The longest valid prefix, by bisection; a prefix that ends inside a character counts with it left open.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (isValidPrefix(bytes.subarray(0, middle))) low = middle
    else high = middle - 1
  }
  return decoder.decode(bytes.subarray(0, low), { stream: true }).length
}

function isValidPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}
