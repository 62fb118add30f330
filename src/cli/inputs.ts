import { UserError } from '../errors.ts'
import { type Flag, type FlagValues, listFlag } from './command.ts'

export const inputFlags = {
  input: {
    type: 'string',
    multiple: true,
    short: 'i',
    value: 'NAME=VALUE',
    describe: 'Set an input that hawser.yaml declares; may be repeated.',
  },
} satisfies Record<string, Flag>

export function inputsOf(flags: FlagValues): { readonly [name: string]: string } {
  return Object.fromEntries(
    listFlag(flags, 'input').map((text) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
      if (name !== undefined && value !== undefined) return [name, value]
      throw new UserError('USAGE_INPUT', `"--input ${text}" has no "=".`, {
        hint: 'Write --input NAME=VALUE.',
      })
    }),
  )
}
