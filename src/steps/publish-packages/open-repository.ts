import { z } from 'zod'
import type { StepContext } from '../../pipeline/step.ts'
import { refuseUnreadableKeys } from '../../repositories/clients.ts'
import type { OpenRepository } from '../../repositories/open-state.ts'
import type { PackageInput } from '../../repositories/repository-format.ts'
import { openpgpVerifier } from '../../signing/openpgp/verifier.ts'
import type { SignatureVerifier, Signer } from '../../signing/signer.ts'
import { storages } from '../../storage/index.ts'
import { artifactsOf, projectStore } from '../artifacts.ts'
import { type Choice, choice, createChosen, type PortContext } from '../choice.ts'
import { openAcceptedKeys, openSigners } from '../keys.ts'
import { openFormat } from '../open-format.ts'

/** One declared repository, as plain data. */
export interface RepositoryOptions {
  readonly repository: string
  readonly format: Choice
  readonly storage: Choice
  readonly keys: readonly Choice[]
  /** Public keys that do not sign, as `file:PATH` or `env:NAME`: what they signed is read all the same. */
  readonly acceptedKeys: readonly string[]
  readonly url?: string | undefined
  /** Another name under which the public key is there for clients. */
  readonly publicKeyFile?: string | undefined
  readonly adopt: boolean
  /** A package installs its keys on clients. */
  readonly hasKeyringPackage: boolean
}

export const repositoryOptions = {
  repository: z.string(),
  format: choice,
  storage: choice,
  keys: z.array(choice),
  acceptedKeys: z.array(z.string()).default([]),
  url: z.string().optional(),
  publicKeyFile: z.string().optional(),
  adopt: z.boolean(),
  hasKeyringPackage: z.boolean().default(false),
}

/** A repository that can be read and published to. */
export interface OpenedRepository extends OpenRepository {
  readonly name: string
  readonly publicUrl: string | undefined
  readonly publicKeyFile: string | undefined
  readonly hasKeyringPackage: boolean
  readonly signers: readonly Signer[]
  readonly verifier: SignatureVerifier | undefined
}

export async function openRepository(
  options: RepositoryOptions,
  context: PortContext,
): Promise<OpenedRepository> {
  const { repository, format, storage, keys, acceptedKeys, url, publicKeyFile, adopt, hasKeyringPackage } =
    options
  const signers = await openSigners(keys, context)
  const accepted = await openAcceptedKeys(acceptedKeys, context)
  const publicKeys = [...signers, ...accepted].map(({ publicKeyBinary }) => publicKeyBinary)
  const opened = openFormat(format, context)
  refuseUnreadableKeys(repository, opened.clients ?? [], signers)
  return {
    name: repository,
    format: opened,
    storage: createChosen(storages, storage, { folder: context.root }),
    signers,
    verifier: publicKeys.length === 0 ? undefined : await openpgpVerifier(publicKeys),
    publicUrl: url,
    publicKeyFile,
    adopt,
    hasKeyringPackage,
    signal: context.signal,
  }
}

/** What the named steps built, for the package format that the repository holds. */
export async function packageInputs(
  from: readonly string[],
  { format }: OpenedRepository,
  context: StepContext,
): Promise<readonly PackageInput[]> {
  const store = await projectStore(context)
  const inputs: PackageInput[] = []
  for (const artifact of artifactsOf(context, from)) {
    if (artifact.kind !== format.packageFormat) continue
    inputs.push({ artifact, file: await store.verifiedPath(artifact.digest) })
  }
  return inputs
}
