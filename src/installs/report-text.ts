import type { BrokenInstall, InstallReport } from './check-installs.ts'
import type { CaseKind } from './trials.ts'

const shownMax = 5
const wordsMax = 8

const situations: { readonly [kind in CaseKind]: (release: string) => string } = {
  new: (release) => `on a new machine, with ${release} published`,
  upgrade: (release) => `on a machine that has ${release}`,
  older: (release) => `to install ${release} again`,
}

/** One line for each command, and below it what the program says of it. */
export function brokenText(broken: readonly BrokenInstall[]): string {
  const shown = broken
    .slice(0, shownMax)
    .flatMap(({ kind, release, architecture, command, words }) => [
      `  ${command}   (${situations[kind](release)}, ${architecture})`,
      ...words.slice(0, wordsMax).map((line) => `    ${line}`),
    ])
  const more = broken.length - shownMax
  return [...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n')
}

/** What a green answer rests on. */
export function groundsText({ assumed, earlier, leftOut }: InstallReport): readonly string[] {
  const tried =
    earlier.length === 0
      ? 'there is no earlier release to try'
      : `earlier releases tried: ${earlier.join(', ')}`
  return [
    leftOut === 0 ? tried : `${tried}; ${leftOut} older ones were not tried`,
    ...(assumed.length === 0 ? [] : [`assumed from the distribution: ${assumed.join(', ')}`]),
  ]
}
