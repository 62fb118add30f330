import { UserError } from '../../errors.ts'
import { armor } from '../armor.ts'
import type { ClientFile, ClientFilesContext, KeyringContext, KeyringFile } from '../repository-format.ts'
import { renderFields } from './deb822.ts'
import type { AptLayout } from './layout.ts'

type Suite = Pick<AptLayout, 'suite' | 'component' | 'isFlat'>

/** Keys in both forms and a deb822 source, ready to copy; all keys, so that a key can be replaced with an overlap. */
export function aptClientFiles(
  suite: Suite,
  { signers, publicUrl, name, hasKeyringPackage = false }: ClientFilesContext,
): readonly ClientFile[] {
  if (signers.length === 0) return []
  checkName(name)
  checkUrl(publicUrl)
  const keys = signers.map(({ publicKeyBinary }) => publicKeyBinary)
  // sources.list(5): packages bring their keyrings in the one folder, administrators theirs in the other.
  const keyring = hasKeyringPackage ? packagedKeyring(name) : `/etc/apt/keyrings/${name}.gpg`
  return [
    {
      path: `${name}.gpg`,
      body: Buffer.concat(keys),
      contentType: 'application/pgp-keys',
      installAs: keyring,
    },
    {
      path: armoredKeysFile(name),
      // apt reads only the first armored block of a file, so all keys are in one.
      body: Buffer.from(armor('PGP PUBLIC KEY BLOCK', keys)),
      contentType: 'application/pgp-keys',
      installAs: `/etc/apt/keyrings/${name}.asc`,
    },
    {
      path: `${name}.sources`,
      body: sourcesFile(suite, publicUrl, keyring),
      contentType: 'text/plain; charset=utf-8',
      installAs: `/etc/apt/sources.list.d/${name}.sources`,
    },
  ]
}

/** All keys in one file. */
export const armoredKeysFile = (name: string): string => `${name}.asc`

/** Keys as one binary keyring, where packages put theirs (sources.list(5), Signed-By). */
export function aptKeyringFiles(
  suite: Suite,
  { publicKeys, publicUrl, name }: KeyringContext,
): readonly KeyringFile[] {
  checkName(name)
  const keyring = packagedKeyring(name)
  const body = Buffer.concat(publicKeys.map(({ publicKeyBinary }) => publicKeyBinary))
  const keys: KeyringFile = { path: keyring, body, role: 'plain' }
  if (publicUrl === undefined) return [keys]
  checkUrl(publicUrl)
  const path = `/etc/apt/sources.list.d/${name}.sources`
  return [keys, { path, body: sourcesFile(suite, publicUrl, keyring), role: 'config' }]
}

const packagedKeyring = (name: string): string => `/usr/share/keyrings/${name}.gpg`

function sourcesFile({ suite, component, isFlat }: Suite, publicUrl: string, keyring: string): Uint8Array {
  const source = renderFields([
    { name: 'Types', value: 'deb' },
    { name: 'URIs', value: publicUrl },
    { name: 'Suites', value: suite },
    ...(isFlat ? [] : [{ name: 'Components', value: component }]),
    { name: 'Signed-By', value: keyring },
  ])
  return Buffer.from(`${source}\n`)
}

// sources.list(5): apt silently ignores files with other characters in their names.
function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return
  throw new UserError(
    'APT_REPOSITORY_NAME',
    `${JSON.stringify(name)} cannot be the name of an APT repository.`,
    {
      hint: 'Its .sources file has this name: begin with a letter or digit; go on with letters, digits and _ . -',
    },
  )
}

function checkUrl(url: string): void {
  if (/^[a-z][a-z0-9+.-]*:[^\s[\]"]+$/.test(url)) return
  throw new UserError('APT_PUBLIC_URL', `${JSON.stringify(url)} is not a URL that apt can use.`, {
    hint: 'Write it with its scheme and without spaces, such as https://packages.example.org/apt',
  })
}
