import { armor } from '../armor.ts'
import type { ClientFile, ClientFilesContext } from '../repository-format.ts'
import { renderFields } from './deb822.ts'

/** Keys in both forms and a deb822 source, ready to copy; all keys, so that a key can be replaced with an overlap. */
export function aptClientFiles(
  suite: string,
  component: string,
  { signers, publicUrl, name }: ClientFilesContext,
): readonly ClientFile[] {
  if (signers.length === 0) return []
  const keys = signers.map(({ publicKeyBinary }) => publicKeyBinary)
  const keyring = `/etc/apt/keyrings/${name}.gpg`
  const source = renderFields([
    { name: 'Types', value: 'deb' },
    { name: 'URIs', value: publicUrl },
    { name: 'Suites', value: suite },
    { name: 'Components', value: component },
    { name: 'Signed-By', value: keyring },
  ])
  return [
    {
      path: `${name}.gpg`,
      body: Buffer.concat(keys),
      contentType: 'application/pgp-keys',
      installAs: keyring,
    },
    {
      path: `${name}.asc`,
      // apt reads only the first armored block of a file, so all keys are in one.
      body: Buffer.from(armor('PGP PUBLIC KEY BLOCK', keys)),
      contentType: 'application/pgp-keys',
      installAs: `/etc/apt/keyrings/${name}.asc`,
    },
    {
      path: `${name}.sources`,
      body: Buffer.from(`${source}\n`),
      contentType: 'text/plain; charset=utf-8',
      installAs: `/etc/apt/sources.list.d/${name}.sources`,
    },
  ]
}
