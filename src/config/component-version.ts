import type { Problem } from './finding.ts'
import { textAt, type Written } from './written.ts'

/** What a version is taken for when the file is only checked. */
const placeholderVersion = '0.0.0'

/** Whole, from 1 on, without zeros in front: dpkg and rpm take 01 and 1 for the same. */
export const isBuildNumber = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text)

/** `1.5.2-3` is build 3 of 1.5.2. The last hyphen counts, as for dpkg; without a build number after it, `build` is empty. */
export function splitReleaseVersion(version: string): { readonly declared: string; readonly build: string } {
  const hyphen = version.lastIndexOf('-')
  const build = version.slice(hyphen + 1)
  if (hyphen < 1 || !isBuildNumber(build)) return { declared: version, build: '' }
  return { declared: version.slice(0, hyphen), build }
}

/** The version of a release that the file is checked with: build 1 of its component, where it releases one. */
export function checkedVersion(root: Written, inputs: { readonly [name: string]: string }): string {
  if (textAt(root, ['version', 'component']) === undefined) return placeholderVersion
  const pinned = pinnedText(root)?.text ?? placeholderVersion
  if (isCircular(pinned)) return `${placeholderVersion}-1`
  return `${pinned.replace(/\$\{\s*inputs\.([^}\s]*)\s*\}/g, (_, name: string) => inputs[name] ?? '')}-1`
}

/** The component's version cannot be made of the release's, which is made of it. */
export function circularVersion(root: Written): readonly Problem[] {
  const pinned = pinnedText(root)
  if (pinned === undefined || !isCircular(pinned.text)) return []
  return [
    {
      path: ['components', pinned.component, 'version'],
      code: 'VERSION_CIRCLE',
      message: `The version of "${pinned.component}" is made of \${version}, and \${version} is made of it.`,
      hint: 'Write the upstream version itself: "version.component" names this component.',
    },
  ]
}

const isCircular = (text: string): boolean => /\$\{\s*version\s*\}/.test(text)

function pinnedText(root: Written): { readonly component: string; readonly text: string } | undefined {
  const component = textAt(root, ['version', 'component'])
  const text = component === undefined ? undefined : textAt(root, ['components', component, 'version'])
  return component === undefined || text === undefined ? undefined : { component, text }
}
