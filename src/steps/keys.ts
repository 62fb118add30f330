import { signerProviders } from '../signing/index.ts'
import type { Signer } from '../signing/signer.ts'
import { type Choice, createChosen, type PortContext } from './choice.ts'

/** Reads and checks the key; an expired, locked or unusable one fails here, before anything is written. */
export async function openSigner(key: Choice, context: PortContext): Promise<Signer> {
  return createChosen(signerProviders, key, {
    environment: context.environment,
    root: context.root,
    signal: context.signal,
    now: context.now(),
    maskSecret: context.maskSecret,
  })
}

export async function openSigners(keys: readonly Choice[], context: PortContext): Promise<readonly Signer[]> {
  const signers: Signer[] = []
  for (const key of keys) signers.push(await openSigner(key, context))
  return signers
}
