import { ciChannel } from './cli/ci-channel.ts'
import { commands } from './cli/commands.ts'
import { commandHelp, overview } from './cli/help.ts'
import { findCommand, parseCommand } from './cli/parse.ts'
import { terminal } from './cli/terminal.ts'
import { exitCodes, failureText, Refusal, TransientError, UserError } from './errors.ts'

/** argv, signals, exit codes; the only file that prints an error. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const stop = stopOnSignals()
  try {
    return await runCommand(args, stop.signal)
  } catch (error) {
    process.stderr.write(`${failureText(error)}\n`)
    tellCi(error)
    return exitCodeOfError(error)
  } finally {
    stop.dispose()
  }
}

async function runCommand(args: readonly string[], signal: AbortSignal): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${overview(commands)}\n`)
    return exitCodes.done
  }
  if (name === '--version' || name === '-V') {
    const { hawserVersion } = await import('./lib/hawser-version.ts')
    process.stdout.write(`${hawserVersion()}\n`)
    return exitCodes.done
  }
  const command = await findCommand(commands, name).load()
  const { words, flags } = parseCommand(command, rest)
  if (flags['help'] === true) {
    process.stdout.write(`${commandHelp(command)}\n`)
    return exitCodes.done
  }
  return command.run({
    words,
    flags,
    signal,
    environment: process.env,
    cwd: typeof flags['project'] === 'string' ? flags['project'] : process.cwd(),
    terminal: terminal({
      stdout: process.stdout,
      stderr: process.stderr,
      environment: process.env,
      json: flags['json'] === true,
      quiet: flags['quiet'] === true,
    }),
  })
}

/** The first signal asks politely; the second ends the process at once, as people expect. */
function stopOnSignals(): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
    controller.abort(new UserError('INTERRUPTED', `Stopped by ${name}.`))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}

function tellCi(error: unknown): void {
  const { annotate, summarise } = ciChannel(process.env, (line) => void process.stderr.write(`${line}\n`))
  const [first = '', ...rest] = failureText(error).split('\n')
  const [code = '', ...words] = first.split(': ')
  annotate('error', code, [words.join(': '), ...rest].join('\n'))
  summarise(`### Hawser stopped: ${code}\n\n\`\`\`text\n${failureText(error)}\n\`\`\`\n`)
}

function exitCodeOfError(error: unknown): number {
  if (error instanceof UserError) return exitCodes.repair
  if (error instanceof Refusal) return exitCodes.refused
  if (error instanceof TransientError) return exitCodes.failed
  return exitCodes.bug
}
