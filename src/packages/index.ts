import { UserError } from '../errors.ts'
import { deb } from './deb/deb.ts'
import type { PackageFormat } from './package-format.ts'
import { rpm } from './rpm/rpm.ts'

/** The list of kinds: a new package format is one line here. */
export const packageFormats: readonly PackageFormat[] = [deb, rpm]

export const packageFormatNames: readonly string[] = packageFormats.map(({ name }) => name)

export function packageFormat(name: string): PackageFormat {
  const found = packageFormats.find((format) => format.name === name)
  if (found !== undefined) return found
  throw new UserError('PACKAGE_FORMAT', `The package format "${name}" is not known.`, {
    hint: `Use one of ${packageFormatNames.join(', ')}.`,
  })
}
