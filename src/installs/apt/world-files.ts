import { fulfillingVersion } from '../assumed.ts'
import type { InstallRelation, KnownPackage, ResolverWorld } from '../install-resolver.ts'

/** The name of the package that stands for the distribution. */
export const distributionPackage = 'assumed-from-the-distribution'

/** Packages, as clients read it. */
export const repositoryText = ({ packages }: ResolverWorld): Uint8Array =>
  Buffer.concat(packages.flatMap(({ bytes }) => [withoutEnd(bytes), Buffer.from('\n\n')]))

function withoutEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0x0a) end -= 1
  return bytes.subarray(0, end)
}

/** dpkg's status: what is installed of ours, and what the distribution has. */
export function installedText(installed: readonly KnownPackage[], world: ResolverWorld): Uint8Array {
  const ours = installed.flatMap(({ bytes }) => [statusOf(bytes), Buffer.from('\n\n')])
  return Buffer.concat([...ours, Buffer.from(distributionText(world))])
}

const fileField = /^(?:Filename|Size|MD5sum|SHA1|SHA256|SHA512):.*\n?/gim

function statusOf(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(withoutEnd(bytes)).toString('latin1').replaceAll('\r\n', '\n')
  const kept = `${text}\n`.replace(fileField, '').replace(/\n+$/, '')
  return Buffer.from(`${kept}\nStatus: install ok installed`, 'latin1')
}

/**
 * One installed package provides every version that something asks for, so that no version of the distribution's own has
 * to be guessed. `name:any` needs a package of that very name.
 */
function distributionText({ assumed, architecture }: ResolverWorld): string {
  const plain = assumed.filter(({ name }) => !name.includes(':'))
  const qualified = Map.groupBy(
    assumed.filter(({ name }) => name.includes(':')),
    ({ name }) => name.slice(0, name.indexOf(':')),
  )
  const paragraphs = [...qualified].map(([name, asked]) =>
    paragraph(name, [...asked, ...plain.filter((one) => one.name === name)], architecture),
  )
  const others = plain.filter(({ name }) => !qualified.has(name))
  return [paragraph(distributionPackage, others, architecture), ...paragraphs].join('\n\n').concat('\n')
}

function paragraph(name: string, provided: readonly InstallRelation[], architecture: string): string {
  const provides = [...new Set(provided.map(provideText))]
  return [
    `Package: ${name}`,
    'Status: install ok installed',
    'Version: 0',
    `Architecture: ${architecture}`,
    'Multi-Arch: allowed',
    'Maintainer: nobody',
    'Description: what the repository does not have',
    ...(provides.length === 0 ? [] : [`Provides: ${provides.join(', ')}`]),
  ].join('\n')
}

function provideText(relation: InstallRelation): string {
  const name = relation.name.replace(/:.*$/, '')
  const version = fulfillingVersion(relation)
  return version === undefined ? name : `${name} (= ${version})`
}
