import { UserError } from '../errors.ts'
import type { PackageEntry } from '../repositories/repository-format.ts'

export interface PackageChoice {
  accepts(entry: PackageEntry): boolean
  /** Throws for what accepted nothing: a misspelt name must not look like success. */
  refuseUnused(repository: string): void
}

/** `NAME`, `NAME=VERSION`, `NAME=VERSION:ARCHITECTURE`, or `sha256:HEX`; none of them: everything. */
export function chosenBy(choices: readonly string[]): PackageChoice {
  const unused = new Set(choices)
  const tests = choices.map((choice) => ({ choice, test: testOf(choice) }))
  return {
    accepts(entry) {
      if (tests.length === 0) return true
      const found = tests.filter(({ test }) => test(entry))
      for (const { choice } of found) unused.delete(choice)
      return found.length > 0
    },
    refuseUnused(repository) {
      const [first] = unused
      if (first === undefined) return
      throw new UserError('PACKAGE_NOT_FOUND', `"${repository}" lists no package "${first}".`, {
        hint: `"hawser repo list ${repository}" shows what it lists. Write NAME, NAME=VERSION, NAME=VERSION:ARCHITECTURE or sha256:HEX.`,
      })
    },
  }
}

function testOf(choice: string): (entry: PackageEntry) => boolean {
  const [, sha256] = /^sha256:([0-9a-f]{64})$/.exec(choice) ?? []
  if (sha256 !== undefined) return (entry) => entry.sha256 === sha256
  const [, name, version, architecture] =
    /^([^=]+)(?:=(.*?)(?::([A-Za-z][A-Za-z0-9_-]*))?)?$/.exec(choice) ?? []
  return (entry) =>
    entry.name === name &&
    (version === undefined || entry.version === version) &&
    (architecture === undefined || entry.architecture === architecture)
}
