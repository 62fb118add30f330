import { type CommandOptions, type CommandResult, runCommand } from './command.ts'

/** Where package clients run: this machine, or another Debian suite in a chroot. Paths below the temporary folder mean the same in all. */
export interface System {
  /** As in "apt on trixie". */
  readonly name: string
  run(program: string, args: readonly string[], options?: Omit<CommandOptions, 'cwd'>): Promise<CommandResult>
}

export const thisMachine: System = { name: 'this machine', run: runCommand }
