import { exitCodes, UserError } from '../errors.ts'
import { type Bumped, bumpComponent } from '../release/bump-component.ts'
import { findProject } from '../release/project.ts'
import type { CommandInput } from './command.ts'
import { inputsOf } from './inputs.ts'

/** `hawser bump component NAME VERSION`. */
export async function runBumpComponent(input: CommandInput): Promise<number> {
  const [, component, version, extra] = input.words
  if (component === undefined || version === undefined || extra !== undefined) {
    throw new UserError('USAGE_WORDS', '"hawser bump component" needs NAME VERSION.', {
      hint: 'Usage: hawser bump component NAME VERSION, for example: hawser bump component kubernetes 1.5.2',
    })
  }
  const { flags, terminal, environment, cwd, signal } = input
  const project = await findProject({ cwd, environment })
  const request = { component, version, project, signal, log: terminal.note, inputs: inputsOf(flags) }
  const bumped = await bumpComponent(request)
  if (terminal.json) terminal.print(JSON.stringify(bumped, null, 2))
  else for (const line of lines(bumped)) terminal.print(line)
  terminal.note(
    bumped.changes.length === 0
      ? `Next: hawser next`
      : `\nhawser.yaml is rewritten. Next: look at it (git diff), commit it, then "hawser next".`,
  )
  return exitCodes.done
}

function lines({ component, to, changes }: Bumped): readonly string[] {
  if (changes.length === 0)
    return [`${component} is ${to} already, and every download is still what is pinned.`]
  return changes.flatMap(({ path, line, from, to: now, vouchers }) => [
    `hawser.yaml:${line}  ${path}  ${from} → ${now}`,
    ...confirmations(vouchers).map((text) => `    ${text}`),
  ])
}

function confirmations(vouchers: readonly string[] | undefined): readonly string[] {
  if (vouchers === undefined) return []
  if (vouchers.length > 0) return vouchers.map((voucher) => `confirmed by ${voucher}`)
  return ['as the server gave it; with "checksums" or "signature" its publisher would confirm it']
}
