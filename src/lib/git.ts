import { existsSync } from 'node:fs'
import { TransientError, UserError } from '../errors.ts'
import { allowedEnvironment, type ChildEnd, type Environment, runChild } from './child.ts'

export interface GitOptions {
  readonly cwd: string
  /** The process's own environment; git sees the allow-listed part of it. */
  readonly environment: Environment
  readonly signal?: AbortSignal
  readonly input?: Uint8Array | string
  readonly timeoutMs?: number
  readonly outputBytesMax?: number
  /** Exit codes that are answers, not failures; 0 always is. */
  readonly answers?: readonly number[]
  /** More variables for this one call, such as GIT_COMMITTER_DATE. */
  readonly variables?: Environment
}

export interface GitAnswer {
  readonly exitCode: number
  readonly stdout: Uint8Array
  /** `stdout` as text without the line end after it. */
  readonly text: string
}

/** How to reach remotes and which config files to read; never GIT_DIR and its like, which a hook would hand us. */
const gitVariables = [
  'ALL_PROXY',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_SYSTEM',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSL_CAINFO',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'SSH_AUTH_SOCK',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'all_proxy',
  'http_proxy',
  'https_proxy',
  'no_proxy',
]

/** Settings of the reader that would change what commands do or print. Access (credentials, ssh, proxies) stays theirs. */
const fixedSettings = [
  'advice.detachedHead=false',
  'color.ui=false',
  'core.askPass=',
  'core.fsmonitor=false',
  // A tag must be on the disk when the next step relies on it; by default loose objects are not synced.
  'core.fsync=committed,loose-object',
  'core.hooksPath=/dev/null',
  'core.pager=cat',
  'core.quotePath=false',
  'credential.interactive=false',
  'gc.auto=0',
  'i18n.logOutputEncoding=UTF-8',
  'log.mailmap=false',
  'log.showSignature=false',
  'maintenance.auto=false',
  'protocol.ext.allow=never',
  'push.followTags=false',
  'push.gpgSign=false',
  'push.recurseSubmodules=no',
  'status.relativePaths=false',
  'submodule.recurse=false',
  'tag.forceSignAnnotated=false',
  'tag.gpgSign=false',
]

/**
 * Runs git the same way for every reader: no prompts, hooks or pager, English messages. Values that come from people
 * belong behind `--end-of-options` or `--`, or in `input`.
 */
export async function runGit(args: readonly string[], options: GitOptions): Promise<GitAnswer> {
  const settings = fixedSettings.flatMap((setting) => ['-c', setting])
  const timeoutMs = options.timeoutMs ?? 120_000
  const { end, stdout, stderr } = await runChild('git', [...settings, ...args], {
    cwd: options.cwd,
    environment: gitEnvironment(options),
    timeoutMs,
    outputBytesMax: options.outputBytesMax ?? 256 << 20,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  if (end.kind === 'exit' && (end.code === 0 || options.answers?.includes(end.code) === true)) {
    return { exitCode: end.code, stdout, text: stdout.toString().replace(/\n$/, '') }
  }
  throw gitFailure(args, end, stderr, { ...options, timeoutMs })
}

function gitEnvironment(options: GitOptions): Environment {
  return {
    ...allowedEnvironment(options.environment, gitVariables),
    GIT_TERMINAL_PROMPT: '0',
    // Reading must not write: `status` would refresh the index, and fail in a read-only checkout.
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    ...options.variables,
  }
}

function gitFailure(
  args: readonly string[],
  end: ChildEnd,
  stderr: string,
  { cwd, timeoutMs }: { readonly cwd: string; readonly timeoutMs: number },
): UserError | TransientError {
  // Only the subcommand is named: arguments may be URLs with credentials.
  const command = `git ${args.find((arg) => !arg.startsWith('-')) ?? ''}`.trim()
  if (end.kind === 'not started') return notStarted(end.error, cwd)
  if (end.kind === 'timeout') {
    return new TransientError('GIT_TIMEOUT', `"${command}" did not end within ${timeoutMs / 1000} s.`)
  }
  if (end.kind === 'output too large') {
    return new UserError('GIT_OUTPUT', `"${command}" printed more than Hawser reads.`, {
      hint: 'Check that the revision names what you mean.',
    })
  }
  const shown = readableLines(stderr)
  const cause = new Error(
    `${command}: ${end.kind === 'exit' ? `exit code ${end.code}` : end.signal}\n${shown}`,
  )
  const known = gitMessages.find(({ pattern }) => pattern.test(stderr))
  if (known !== undefined) return known.failure(`"${command}" says: ${shown}`, cause, cwd)
  const fate =
    end.kind === 'signal' ? `was ended by ${end.signal}` : `failed: ${shown || `exit code ${end.code}`}`
  return new UserError('GIT_FAILED', `"${command}" ${fate}`, {
    hint: 'Repair what git says, then run the same command again.',
    cause,
  })
}

function notStarted(error: NodeJS.ErrnoException, folder: string): UserError {
  // The system reports a missing folder as if the program were missing.
  if (!existsSync(folder)) {
    return new UserError('GIT_NOT_A_REPOSITORY', `The folder "${folder}" does not exist.`, {
      hint: 'Check the path of the repository.',
      cause: error,
    })
  }
  if (error.code === 'ENOENT') {
    return new UserError('GIT_NOT_FOUND', 'The program "git" is not installed, or PATH does not have it.', {
      hint: 'Install git 2.31 or newer.',
      cause: error,
    })
  }
  return new UserError('GIT_NOT_STARTED', `git could not be started: ${error.message}.`, {
    hint: 'Check the permissions of git and of the folder.',
    cause: error,
  })
}

interface GitMessage {
  readonly pattern: RegExp
  failure(said: string, cause: Error, folder: string): UserError | TransientError
}

/** git has one exit code (128) for everything, so its messages, fixed to English by LC_ALL, are all there is to tell by. */
const gitMessages: readonly GitMessage[] = [
  {
    pattern: /not a git repository|must be run in a work tree/i,
    failure: (_said, cause, folder) =>
      new UserError('GIT_NOT_A_REPOSITORY', `The folder "${folder}" is not a git repository.`, {
        hint: 'Run "git init" there and commit, or run Hawser where hawser.yaml is checked out.',
        cause,
      }),
  },
  {
    pattern: /dubious ownership/i,
    failure: (_said, cause) =>
      new UserError(
        'GIT_OWNERSHIP',
        'git does not trust the repository: its folder belongs to another user.',
        {
          hint: 'Change its owner, or run: git config --global --add safe.directory <folder>',
          cause,
        },
      ),
  },
  {
    pattern:
      /authentication failed|could not read (username|password)|permission denied \(|host key verification failed|error: 40[13]\b|access denied/i,
    failure: (said, cause) =>
      new UserError('GIT_AUTHENTICATION', `The remote refused access. ${said}`, {
        hint: 'Give git a credential helper, an ssh agent, or a known host: Hawser never prompts.',
        cause,
      }),
  },
  {
    pattern: /repository '?[^\n]*'? not found|does not appear to be a git repository/i,
    failure: (said, cause) =>
      new UserError('GIT_REMOTE_NOT_FOUND', `The remote repository was not found. ${said}`, {
        hint: 'Check its address, and whether the credentials may see it.',
        cause,
      }),
  },
  {
    pattern:
      /could not resolve host|connection (refused|reset|timed out|closed)|operation (timed out|too slow)|early eof|unexpected disconnect|remote end hung up|error: (429|5\d\d)\b|network is unreachable|could(n't| not) connect|failed to connect/i,
    failure: (said, cause) =>
      new TransientError('GIT_NETWORK', `The remote was not reached. ${said}`, { cause }),
  },
  {
    pattern: /exists; cannot create/i,
    failure: (said, cause) =>
      new UserError(
        'GIT_NAME_CONFLICT',
        `The name is in use as a folder, or a part of it as a name. ${said}`,
        {
          hint: 'git keeps "a" and "a/b" never side by side: choose another name.',
          cause,
        },
      ),
  },
  {
    pattern: /\.lock': file exists|unable to create '[^']*\.lock'|cannot lock ref/i,
    failure: (said, cause) =>
      new TransientError('GIT_LOCKED', `Another program is writing to the repository. ${said}`, {
        hint: 'If no git program runs, remove the lock file that git names.',
        cause,
      }),
  },
]

/** git's own words without its hints, and without user:password of URLs. */
function readableLines(stderr: string): string {
  return stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('hint:') && !line.startsWith('remote: Enumerating'))
    .slice(0, 5)
    .join(' ')
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/gi, '$1')
}
