import { z } from 'zod'
import type { Step } from '../../pipeline/step.ts'
import { refuseUnreadableKeys } from '../../repositories/clients.ts'
import { type Choice, choice } from '../choice.ts'
import { isArtifactKey, openArtifactSigner, openSigner } from '../keys.ts'
import { openFormat } from '../open-format.ts'

type Options = {
  readonly name: string
  readonly key: Choice
  /** Those that it signs. */
  readonly repositories?: readonly { readonly name: string; readonly format: Choice }[] | undefined
}
type Result =
  | { readonly fingerprint: string; readonly userId: string; readonly algorithm: string }
  /** Of a key for images and modules. */
  | { readonly title: string }

/** Opens a signing key. Nothing is ever written: a key that cannot sign stops the plan, before the first change. */
export const checkKey: Step<Options, Result, Result> = {
  name: 'check-key',
  describe: 'Opens a signing key and checks that it can sign now, for the clients of its repositories.',
  options: z.object({
    name: z.string(),
    key: choice,
    repositories: z.array(z.object({ name: z.string(), format: choice })).optional(),
  }),
  probesAlone: true,
  async probe({ key, repositories = [] }, context) {
    if (isArtifactKey(key)) {
      const { title } = await openArtifactSigner(key, context)
      return { state: 'present', evidence: { title } }
    }
    const signer = await openSigner(key, context)
    for (const { name, format } of repositories) {
      refuseUnreadableKeys(name, openFormat(format, context).clients ?? [], [signer])
    }
    const { fingerprint, userId, algorithm } = signer
    return { state: 'present', evidence: { fingerprint, userId, algorithm } }
  },
  decide({ name }, probe) {
    if (probe.state !== 'present') throw new Error('Opening a key gives the key or throws')
    return { kind: 'keep', summary: `key "${name}" is ${textOf(probe.evidence)}`, result: probe.evidence }
  },
  async act() {
    throw new Error('A key is never changed: decide only keeps')
  },
}

const textOf = (key: Result): string =>
  'title' in key ? key.title : `${key.algorithm} ${key.fingerprint.slice(-16)} of ${key.userId}`
