import { isSecretReference } from '../../lib/secret.ts'
import type { Path, Problem } from '../finding.ts'
import { hasUrlPassword, isSecretName, looksSecret } from '../quote.ts'
import type { Written } from '../written.ts'
import { problem, type Rule } from './rule.ts'

/** No secret stands in the file. The messages never repeat what they found. */
export const secrets: Rule = ({ root }) => {
  const problems: Problem[] = []
  visit(root, [], (text, path) => {
    if (hasUrlPassword(text)) {
      const hint =
        'Give credentials to the machine that releases (netrc, npmrc, git credentials), not to the file.'
      problems.push(problem(path, 'CONFIG_SECRET', 'The URL contains a password.', hint))
    } else if (looksSecret(text)) {
      problems.push(problem(path, 'CONFIG_SECRET', 'This looks like a secret.', secretHint))
    } else if (isClearPassword(text, path)) {
      problems.push(problem(path, 'CONFIG_SECRET', 'A secret is written in clear.', secretHint))
    }
  })
  return problems
}

const secretHint =
  'Write where it is instead: "env:NAME", "file:PATH" or "cmd:COMMAND". If the file was pushed, the secret is known: replace it.'

/** Passwords have no form; the name of the option tells. Only where options take secrets. */
function isClearPassword(text: string, path: Path): boolean {
  const name = String(path.at(-1))
  const takesSecrets =
    ['keys', 'sources', 'repositories', 'registries', 'forge', 'consumers'].includes(String(path[0])) &&
    path.length > 2
  const isPassword = /^(?:pass(?:word|phrase)|secret|token)$|(?:Password|Passphrase|Secret|Token)$/.test(name)
  return takesSecrets && isPassword && isSecretName(name) && text !== '' && !isSecretReference(text)
}

function visit(written: Written, path: Path, say: (text: string, path: Path) => void): void {
  if (written.kind === 'scalar') {
    if (written.value !== null) say(String(written.value), path)
  } else if (written.kind === 'list') {
    for (const [index, item] of written.items.entries()) visit(item, [...path, index], say)
  } else {
    for (const [key, { value }] of written.members) visit(value, [...path, key], say)
  }
}
