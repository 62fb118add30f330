/** The words of a pattern that are put in before it is a regular expression. */
const placeholder = /\$\{(name|variant|version)\}/g

/** What a version is made of, in every format. */
const versionText = '[0-9A-Za-z](?:[0-9A-Za-z.+~^_:-]*[0-9A-Za-z+~^_])?'

/** A package by name, and no other whose name begins or ends so; for a regular expression. */
export const packageNamed = (text: string): string =>
  `(?<![\\w.+-])${escapeRegExp(text)}(?![A-Za-z0-9+]|[._-][A-Za-z])`

export interface Target {
  readonly package?: string | undefined
  readonly variant?: string | undefined
}

/** The pattern for one package and variant; its group `version` is what is replaced. */
export function patternFor(pattern: string, target: Target): RegExp {
  return compile(pattern, {
    name: target.package === undefined ? undefined : packageNamed(target.package),
    variant: target.variant === undefined ? undefined : escapeRegExp(target.variant),
  })
}

/** The pattern for a package with any word in the place of the variant. */
export function patternForAnyVariant(pattern: string, target: Target): RegExp {
  return compile(pattern, {
    name: target.package === undefined ? undefined : packageNamed(target.package),
    variant: '(?<variant>[\\w.-]+)',
  })
}

function compile(
  pattern: string,
  words: { readonly name: string | undefined; readonly variant: string | undefined },
): RegExp {
  const source = pattern.replace(placeholder, (whole, word: 'name' | 'variant' | 'version') => {
    if (word === 'version') return `(?<version>${versionText})`
    return words[word] ?? whole
  })
  return new RegExp(source, 'dgm')
}

export interface PatternUse {
  readonly hasPackages: boolean
  readonly hasVariants: boolean
}

/** Why it is no pattern for its use; undefined when it is one. */
export function patternProblem(
  pattern: string,
  { hasPackages, hasVariants }: PatternUse,
): string | undefined {
  const used = [...pattern.matchAll(placeholder)].map(([, word]) => word)
  const count = (word: string): number => used.filter((one) => one === word).length
  const unknown = [...pattern.matchAll(/\$\{([^}]*)\}/g)].find(([, word = '']) => !isWord(word))
  if (unknown !== undefined)
    return `${unknown[0]} stands for nothing; use \${name}, \${variant} and \${version}`
  if (count('version') !== 1) return 'it must have ${version} once: that is what is replaced'
  if (hasPackages && count('name') === 0) return 'it must have ${name}, so that it finds no other package'
  if (!hasPackages && count('name') > 0) return 'it has ${name}, and no packages are named'
  if (hasVariants && count('variant') === 0) return 'it must have ${variant}, since there are variants'
  if (!hasVariants && count('variant') > 0) return 'it has ${variant}, and there are no variants'
  try {
    patternForAnyVariant(pattern, { package: 'a' })
    return undefined
  } catch (error) {
    return `it is no regular expression (${reasonOf(error)})`
  }
}

/** Without the whole expression, which has our parts in it. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/^.*\/dgm: /s, '')

const isWord = (text: string): boolean => ['name', 'variant', 'version'].includes(text)

export const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
