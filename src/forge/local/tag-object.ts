import { UserError } from '../../errors.ts'
import type { NewTag } from '../forge.ts'
import type { GitAccess } from './git-access.ts'

/** The bytes of an annotated tag (git's Documentation: signature-format): same arguments, same object id. */
export async function tagObject(tag: NewTag, tagger: string): Promise<string> {
  const { signer } = tag
  const seconds = Math.floor(tag.date.getTime() / 1000)
  const header = [
    `object ${tag.commit}`,
    'type commit',
    `tag ${tag.name}`,
    `tagger ${tagger} ${seconds} +0000`,
  ]
  const text = `${header.join('\n')}\n\n${messageOf(tag)}\n`
  if (signer === undefined) return text
  // git signs everything before the signature, which ends the message.
  return text + (await signer.signDetachedArmored(Buffer.from(text), tag.date))
}

function messageOf({ name, message }: NewTag): string {
  const text = message.replaceAll('\r\n', '\n').trimEnd()
  if (text !== '' && !text.includes('\0') && !text.includes('-----BEGIN ')) return text
  throw new UserError(
    'TAG_MESSAGE',
    `The message of the tag "${name}" is empty, or has what git does not keep in it.`,
    {
      hint: 'Write a line of text without NUL characters and without a signature in it.',
    },
  )
}

/** "Name <mail>": as declared, else who works here (git config), else who made the commit. */
export async function taggerOf(
  declared: string | undefined,
  commit: string,
  git: GitAccess,
): Promise<string> {
  if (declared !== undefined) return declared
  const [name, email] = [await setting('user.name', git), await setting('user.email', git)]
  if (name !== undefined && email !== undefined) return `${plain(name)} <${plain(email)}>`
  const { text } = await git.run(['log', '-1', '--format=%cn%x00%ce', '--end-of-options', commit, '--'])
  const [committer = '', mail = ''] = text.split('\0')
  return `${plain(committer)} <${plain(mail)}>`
}

async function setting(name: string, git: GitAccess): Promise<string | undefined> {
  // Exit code 1: it is not set.
  const { text } = await git.run(['config', '--get', name], { answers: [1] })
  return text === '' ? undefined : text
}

/** git drops these from identities, too. */
const plain = (text: string): string => text.replaceAll(/[<>\n\0]/g, '').trim()
