import { exitCodes, UserError } from '../errors.ts'
import { findProject } from '../release/project.ts'
import { newProjectKey, type ShownArtifactKey, type ShownKey, showKey } from '../release/project-keys.ts'
import { type Command, type CommandInput, stringFlag } from './command.ts'

export const key: Command = {
  name: 'key',
  usage: 'new|show NAME',
  describe: 'Makes the signing key that hawser.yaml names, or shows one and who accepts it.',
  words: [2, 2],
  flags: {
    kind: {
      type: 'string',
      value: 'openpgp|cosign',
      describe: 'What it must be declared as. Without it: as hawser.yaml has it.',
    },
    user: { type: 'string', value: '"NAME <MAIL>"', describe: 'Whose key it is. Without it: the project.' },
    algorithm: {
      type: 'string',
      value: 'rsa4096|ed25519',
      describe: 'Of OpenPGP keys. rsa4096 (the default) suits every client.',
    },
    expires: { type: 'string', value: 'YYYY-MM-DD', describe: 'The day it expires. Without it: never.' },
  },
  async run(input) {
    const [verb = '', name = ''] = input.words
    if (verb === 'new' || verb === 'create') return makeNew(name, input)
    if (verb === 'show') return show(name, input)
    throw new UserError('USAGE_WORDS', `"hawser key ${verb}" does not exist.`, {
      hint: 'Write "hawser key new NAME" or "hawser key show NAME".',
    })
  },
}

async function makeNew(
  name: string,
  { flags, terminal, environment, cwd, signal }: CommandInput,
): Promise<number> {
  const project = await findProject({ cwd, environment })
  const userId = stringFlag(flags, 'user')
  const expires = dayOf(stringFlag(flags, 'expires'))
  const algorithm = algorithmOf(stringFlag(flags, 'algorithm'))
  const kind = stringFlag(flags, 'kind')
  const made = await newProjectKey(project, {
    name,
    signal,
    ...(kind !== undefined && { kind }),
    ...(algorithm !== undefined && { algorithm }),
    ...(userId !== undefined && { userId }),
    ...(expires !== undefined && { expires }),
  })
  if (terminal.json) {
    terminal.print(JSON.stringify(made))
    return exitCodes.done
  }
  terminal.print(`The key "${name}" is ${made.fingerprint}.`)
  terminal.note(
    `Private: ${made.privatePath} (keep it out of git, and keep a copy)\nPublic:  ${made.publicPath}`,
  )
  terminal.note('Next: hawser plan VERSION')
  return exitCodes.done
}

async function show(name: string, { terminal, environment, cwd, signal }: CommandInput): Promise<number> {
  const project = await findProject({ cwd, environment })
  const shown = await showKey(project, name, signal)
  if (terminal.json) {
    terminal.print(JSON.stringify(shown))
    return exitCodes.done
  }
  for (const line of linesOf(shown)) terminal.print(line)
  for (const warning of shown.warnings) terminal.print(`! ${warning}`)
  return exitCodes.done
}

function linesOf(shown: ShownKey | ShownArtifactKey): readonly string[] {
  if ('title' in shown) {
    const pem = shown.publicKeyPem
    return [shown.title, ...(pem === undefined ? [] : [pem.trimEnd()])]
  }
  const { fingerprint, userId, algorithm, expiresAt } = shown
  const end = expiresAt === undefined ? 'It does not expire.' : `It expires at ${expiresAt}.`
  return [`${algorithm} ${fingerprint} of ${userId}`, end]
}

function algorithmOf(text: string | undefined): 'rsa4096' | 'ed25519' | undefined {
  if (text === undefined || text === 'rsa4096' || text === 'ed25519') return text
  throw new UserError('KEY_ALGORITHM', `The algorithm "${text}" is not offered.`, {
    hint: 'Use rsa4096, which every client accepts, or ed25519, which RHEL 9 and Debian 11 do not accept for rpm.',
  })
}

function dayOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const day = new Date(`${text}T00:00:00Z`)
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(day.getTime())) return day
  throw new UserError('KEY_EXPIRY', `"${text}" is no day.`, { hint: 'Write YYYY-MM-DD.' })
}
