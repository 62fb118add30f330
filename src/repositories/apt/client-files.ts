import { UserError } from '../../errors.ts'
import { armor } from '../armor.ts'
import type { ClientFile, ClientFilesContext } from '../repository-format.ts'
import { renderFields } from './deb822.ts'
import type { AptLayout } from './layout.ts'

/** Keys in both forms and a deb822 source, ready to copy; all keys, so that a key can be replaced with an overlap. */
export function aptClientFiles(
  { suite, component, isFlat }: Pick<AptLayout, 'suite' | 'component' | 'isFlat'>,
  { signers, publicUrl, name }: ClientFilesContext,
): readonly ClientFile[] {
  if (signers.length === 0) return []
  checkName(name)
  checkUrl(publicUrl)
  const keys = signers.map(({ publicKeyBinary }) => publicKeyBinary)
  const keyring = `/etc/apt/keyrings/${name}.gpg`
  const source = renderFields([
    { name: 'Types', value: 'deb' },
    { name: 'URIs', value: publicUrl },
    { name: 'Suites', value: suite },
    ...(isFlat ? [] : [{ name: 'Components', value: component }]),
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
