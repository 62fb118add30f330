import type { Problem } from '../finding.ts'
import { hasUrlPassword, quote } from '../quote.ts'
import { formatsOf, repositoryViews } from '../variants.ts'
import { problem, type Rule } from './rule.ts'

/** A repository gets packages of its format, and clients can find it. */
export const repositories: Rule = ({ config, kinds }) => {
  const problems: Problem[] = []
  for (const { name, packageFormat, packages = [] } of repositoryViews(config, kinds)) {
    for (const [index, one] of packages.entries()) {
      const path = ['repositories', name, 'packages', index]
      if (config.packages?.[one] === undefined || formatsOf(one, config, kinds).includes(packageFormat))
        continue
      const message = `"${one}" is not built as ${packageFormat}, which this repository holds.`
      const hint = `Add ${packageFormat} to packages.${one}.formats, or leave the package out here.`
      problems.push(problem(path, 'REPOSITORY_FORMAT', message, hint))
    }
  }
  for (const [name, { url }] of Object.entries(config.repositories ?? {})) {
    // A password in it is found by the rule about secrets, which does not show it.
    if (url === undefined || URL.canParse(url) || hasUrlPassword(url)) continue
    const hint = 'Write where clients find it, such as https://packages.example.org/apt.'
    problems.push(
      problem(['repositories', name, 'url'], 'REPOSITORY_URL', `${quote(url)} is not a URL.`, hint),
    )
  }
  return problems
}
