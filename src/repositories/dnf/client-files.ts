import { UserError } from '../../errors.ts'
import type { Signer } from '../../signing/signer.ts'
import type { ClientFile, ClientFilesContext, KeyringContext, KeyringFile } from '../repository-format.ts'

/** The .repo file and the public keys that it names. */
export function clientFiles(
  { signers, publicUrl, name }: ClientFilesContext,
  packages: { readonly areSigned: boolean },
): readonly ClientFile[] {
  checkName(name)
  const url = checkedUrl(publicUrl)
  const keys = signers.map((signer) => keyFile(signer, name, signers.length))
  const keyUrls = keys.map(({ path }) => `${url}/${path}`)
  return [
    {
      path: `${name}.repo`,
      body: repoFile(name, url, keyUrls, packages.areSigned),
      contentType: 'text/plain; charset=utf-8',
      installAs: `/etc/yum.repos.d/${name}.repo`,
    },
    ...keys,
  ]
}

function keyFile(signer: Signer, name: string, count: number): ClientFile {
  // One file per key: gpgkey takes several files, but not every client reads several keys from one.
  const suffix = count === 1 ? '' : `-${signer.fingerprint.slice(-8)}`
  const path = `${keyFileName(name)}${suffix}`
  const body = Buffer.from(signer.publicKeyArmored, 'ascii')
  return { path, body, contentType: 'application/pgp-keys', installAs: `/etc/pki/rpm-gpg/${path}` }
}

/** Of the one key, or the beginning where there are several. */
export const keyFileName = (name: string): string => `RPM-GPG-KEY-${name}`

/**
 * Keys, one in a file, where distributions put theirs. The first keeps its name through every change of keys, so that a
 * .repo file that an administrator wrote goes on.
 */
export function keyringFiles(
  { publicKeys, publicUrl, name }: KeyringContext,
  packages: { readonly areSigned: boolean },
): readonly KeyringFile[] {
  checkName(name)
  const keys = publicKeys.map(({ fingerprint, publicKeyArmored }, index): KeyringFile => {
    const suffix = index === 0 ? '' : `-${fingerprint.slice(-8)}`
    const path = `/etc/pki/rpm-gpg/RPM-GPG-KEY-${name}${suffix}`
    return { path, body: Buffer.from(publicKeyArmored, 'ascii'), role: 'config' }
  })
  if (publicUrl === undefined) return keys
  const urls = keys.map(({ path }) => `file://${path}`)
  const body = repoFile(name, checkedUrl(publicUrl), urls, packages.areSigned)
  return [...keys, { path: `/etc/yum.repos.d/${name}.repo`, body, role: 'config-noreplace' }]
}

function repoFile(
  name: string,
  url: string,
  keyUrls: readonly string[],
  arePackagesSigned: boolean,
): Uint8Array {
  const isSigned = keyUrls.length > 0
  const lines = [
    `[${name}]`,
    `name=${name}`,
    `baseurl=${url}`,
    'enabled=1',
    `gpgcheck=${isSigned && arePackagesSigned ? 1 : 0}`,
    `repo_gpgcheck=${isSigned ? 1 : 0}`,
    ...(isSigned ? [`gpgkey=${keyUrls.join(' ')}`] : []),
  ]
  return Buffer.from(`${lines.join('\n')}\n`, 'utf8')
}

function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_.:-]*$/.test(name)) return
  throw new UserError(
    'DNF_REPOSITORY_NAME',
    `${JSON.stringify(name)} cannot be the id of a repository for dnf.`,
    {
      hint: 'Begin with a letter or digit; go on with letters, digits and _ . : -',
    },
  )
}

function checkedUrl(publicUrl: string): string {
  // dnf replaces $variables and splits at spaces and commas; all of them would mean something else than they say.
  if (URL.canParse(publicUrl) && !/[\s,$]/.test(publicUrl)) return publicUrl.replace(/\/+$/, '')
  throw new UserError(
    'DNF_PUBLIC_URL',
    `${JSON.stringify(publicUrl)} cannot be the address of a repository for dnf.`,
    {
      hint: 'Write a whole URL without spaces, commas and $, for example "https://packages.example.org/rpm".',
    },
  )
}
