import type { PublicKey } from '../../signing/signer.ts'
import type { PortContext } from '../choice.ts'
import { openAcceptedKeys, openSigners } from '../keys.ts'
import { openFormat } from '../open-format.ts'
import type { PackageDeclaration } from './declaration.ts'
import type { MadeFile } from './package-spec.ts'

type KeyringDeclaration = NonNullable<PackageDeclaration['keyring']>

/** The files of a keyring package: public parts of all keys that sign its repositories, and of those that are accepted. */
export async function keyringFiles(
  declared: KeyringDeclaration | undefined,
  context: PortContext,
): Promise<readonly MadeFile[]> {
  const files: MadeFile[] = []
  for (const { name, format, keys, acceptedKeys, url } of declared?.repositories ?? []) {
    const publicKeys = withoutTwins([
      ...(await openSigners(keys, context)),
      ...(await openAcceptedKeys(acceptedKeys, context)),
    ])
    const opened = openFormat(format, context)
    files.push(...opened.keyringFiles({ name, publicKeys, publicUrl: url?.replace(/\/+$/, '') }))
  }
  return files
}

/** A key that signs may also be named among the accepted ones. */
const withoutTwins = (keys: readonly PublicKey[]): readonly PublicKey[] =>
  keys.filter(
    ({ fingerprint }, index) => keys.findIndex((other) => other.fingerprint === fingerprint) === index,
  )
