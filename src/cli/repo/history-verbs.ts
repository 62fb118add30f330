import { durationMsOf, isDuration } from '../../config/schema/text.ts'
import { exitCodes, UserError } from '../../errors.ts'
import { collectDeclared, refreshDeclared, rollbackDeclared } from '../../release/repositories.ts'
import { type FlagValues, stringFlag } from '../command.ts'
import { type Verbs, wholeNumber } from './verb.ts'

const keepDefault = '10'
const graceDefault = '1d'

/** What works on generations. */
export const historyVerbs: Verbs = {
  async refresh({ name, outside, terminal }) {
    await refreshDeclared(name, outside)
    terminal.print(terminal.json ? JSON.stringify({ refreshed: name }) : `"${name}" is signed anew.`)
    return exitCodes.done
  },
  async rollback({ name, outside, terminal, flags }) {
    const to = stringFlag(flags, 'to')
    if (to === undefined) {
      throw new UserError('USAGE_FLAG', '"hawser repo rollback" needs --to NUMBER.', {
        hint: `"hawser repo history ${name}" shows the generations.`,
      })
    }
    const target = await rollbackDeclared(name, wholeNumber(to, 'to', 1), outside)
    const { sequence, date } = target
    terminal.print(
      terminal.json
        ? JSON.stringify({ sequence, date })
        : `Readers of "${name}" see generation ${sequence} (${date}) again.`,
    )
    terminal.note(`Nothing was deleted. Next: hawser repo verify ${name}`)
    return exitCodes.done
  },
  async gc({ name, outside, terminal, flags }) {
    const keep = wholeNumber(stringFlag(flags, 'keep') ?? keepDefault, 'keep', 1)
    const dryRun = flags['dry-run'] === true
    const { deleted, keptGenerations } = await collectDeclared(
      name,
      { keep, graceMs: graceOf(flags), dryRun },
      outside,
    )
    if (terminal.json) terminal.print(JSON.stringify({ keptGenerations, deleted }))
    else for (const { path } of deleted) terminal.print(`- ${path}`)
    const bytes = deleted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    terminal.note(
      `${dryRun ? 'Would delete' : 'Deleted'} ${counted(deleted.length, 'file')}, ${counted(bytes, 'byte')}; kept ${counted(keptGenerations, 'generation')}.`,
    )
    return exitCodes.done
  },
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

function graceOf(flags: FlagValues): number {
  const text = stringFlag(flags, 'grace') ?? graceDefault
  if (isDuration(text)) return durationMsOf(text)
  throw new UserError('USAGE_FLAG', `--grace is "${text}", which is no duration.`, {
    hint: 'Write a number and a unit (ms, s, m, h, d), such as 1h or 7d.',
  })
}
