import type { Problem } from '../finding.ts'
import { quote } from '../quote.ts'
import { filePatternOf } from '../resolve-contents.ts'
import { isTagName } from './git-names.ts'
import { namesIn, problem, type Rule } from './rule.ts'

/** The tag is one that git takes, and assets come from places that the file declares. */
export const release: Rule = (context) => {
  const { tag, checksums, assets = [] } = context.config.release ?? {}
  const problems: Problem[] = []
  if (tag !== undefined && !isTagName(tag)) {
    const hint =
      'A tag has no spaces, no "..", none of ~ ^ : ? * [ \\ and does not begin with "-" or end in ".lock", "/" or ".".'
    problems.push(
      problem(['release', 'tag'], 'RELEASE_TAG', `${quote(tag)} is not a tag that git takes.`, hint),
    )
  }
  if (typeof checksums === 'string' && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(checksums)) {
    const hint = 'Write a plain name, such as SHA256SUMS.'
    problems.push(
      problem(['release', 'checksums'], 'RELEASE_CHECKSUMS', `${quote(checksums)} is not a file name.`, hint),
    )
  }
  for (const [index, asset] of assets.entries()) {
    filePatternOf(asset, namesIn(context, 'sources'), (...words) => {
      problems.push(problem(['release', 'assets', index], ...words))
    })
  }
  return problems
}
