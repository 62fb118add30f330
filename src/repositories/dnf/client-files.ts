import { UserError } from '../../errors.ts'
import type { Signer } from '../../signing/signer.ts'
import type { ClientFile, ClientFilesContext } from '../repository-format.ts'

/** The .repo file and the public keys that it names. */
export function clientFiles(
  { signers, publicUrl, name }: ClientFilesContext,
  packages: { readonly areSigned: boolean },
): readonly ClientFile[] {
  checkName(name)
  const url = checkedUrl(publicUrl)
  const keys = signers.map((signer) => keyFile(signer, name, signers.length))
  return [repoFile(name, url, keys, packages.areSigned), ...keys]
}

function keyFile(signer: Signer, name: string, count: number): ClientFile {
  // One file per key: gpgkey takes several files, but not every client reads several keys from one.
  const suffix = count === 1 ? '' : `-${signer.fingerprint.slice(-8)}`
  const path = `RPM-GPG-KEY-${name}${suffix}`
  const body = Buffer.from(signer.publicKeyArmored, 'ascii')
  return { path, body, contentType: 'application/pgp-keys', installAs: `/etc/pki/rpm-gpg/${path}` }
}

function repoFile(
  name: string,
  url: string,
  keys: readonly ClientFile[],
  arePackagesSigned: boolean,
): ClientFile {
  const isSigned = keys.length > 0
  const lines = [
    `[${name}]`,
    `name=${name}`,
    `baseurl=${url}`,
    'enabled=1',
    `gpgcheck=${isSigned && arePackagesSigned ? 1 : 0}`,
    `repo_gpgcheck=${isSigned ? 1 : 0}`,
    ...(isSigned ? [`gpgkey=${keys.map(({ path }) => `${url}/${path}`).join(' ')}`] : []),
  ]
  return {
    path: `${name}.repo`,
    body: Buffer.from(`${lines.join('\n')}\n`, 'utf8'),
    contentType: 'text/plain; charset=utf-8',
    installAs: `/etc/yum.repos.d/${name}.repo`,
  }
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
