import type { WriteStream } from 'node:tty'
import { type CiChannel, ciChannel } from './ci-channel.ts'

type Output = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number }

/** Where a command writes: results on stdout, progress and prompts on stderr. */
export interface Terminal {
  readonly json: boolean
  readonly isInteractive: boolean
  /** GitHub Actions, or another CI system with `CI` set. */
  readonly ci: 'github' | 'other' | undefined
  readonly columns: number
  readonly style: Style
  /** A line of the result. */
  print(line: string): void
  /** A line of progress; nothing when quiet. */
  note(line: string): void
  /** Bytes for stderr as they are, for live progress. */
  draw(text: string): void
  /** What the CI system shows beside the log. */
  readonly beside: CiChannel
}

export interface Style {
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
  red(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

export interface TerminalOptions {
  readonly stdout: Output
  readonly stderr: Output
  readonly environment: { readonly [name: string]: string | undefined }
  readonly json: boolean
  readonly quiet: boolean
}

export function terminal({ stdout, stderr, environment, json, quiet }: TerminalOptions): Terminal {
  const ci = ciOf(environment)
  return {
    json,
    ci,
    isInteractive: stderr.isTTY === true && ci === undefined && !quiet && environment['TERM'] !== 'dumb',
    columns: stderr.columns ?? 100,
    style: styleFor(wantsColor(stderr, environment)),
    print: (line) => void stdout.write(`${line}\n`),
    note: (line) => void (quiet || stderr.write(`${line}\n`)),
    draw: (text) => void (quiet || stderr.write(text)),
    beside: ciChannel(environment, (line) => void stderr.write(`${line}\n`)),
  }
}

function ciOf(environment: TerminalOptions['environment']): Terminal['ci'] {
  if (environment['GITHUB_ACTIONS'] === 'true') return 'github'
  return environment['CI'] === undefined || environment['CI'] === 'false' ? undefined : 'other'
}

/** https://no-color.org: any non-empty NO_COLOR switches colours off. */
function wantsColor(stderr: Output, environment: TerminalOptions['environment']): boolean {
  if (environment['NO_COLOR']) return false
  if (environment['FORCE_COLOR']) return true
  return stderr.isTTY === true && environment['TERM'] !== 'dumb'
}

function styleFor(colored: boolean): Style {
  const paint = (open: number, close: number) => (text: string) =>
    colored ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  }
}
