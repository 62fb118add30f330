/** git-check-ref-format(1). */
export function isTagName(tag: string): boolean {
  const parts = tag.split('/')
  const isForbidden =
    /[\p{Cc} ~^:?*[\\]|\.\.|@\{/u.test(tag) || tag === '@' || tag.startsWith('-') || tag.endsWith('.')
  return (
    !isForbidden && parts.every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
  )
}

/** A branch, in which `*` stands for any part of its name. */
export const isBranchPattern = (pattern: string): boolean => isTagName(pattern.replaceAll('*', 'x'))
