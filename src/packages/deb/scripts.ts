import type { PackageSpec, Scripts } from '../package-spec.ts'
import { systemdSnippets } from './systemd.ts'

export type MaintainerScript = 'preinst' | 'postinst' | 'prerm' | 'postrm'

/** Which declared script becomes which; the transaction scripts of rpm have no counterpart. */
export const scriptNames = {
  preInstall: 'preinst',
  postInstall: 'postinst',
  preRemove: 'prerm',
  postRemove: 'postrm',
} as const satisfies { readonly [name in keyof Scripts]: MaintainerScript }

/** The maintainer scripts by name, declared text and systemd's snippets together. */
export function maintainerScripts({ scripts, systemd }: PackageSpec): ReadonlyMap<MaintainerScript, string> {
  const snippets = systemdSnippets(systemd)
  const result = new Map<MaintainerScript, string>()
  for (const [declared, name] of Object.entries(scriptNames)) {
    const text = scripts[declared as keyof typeof scriptNames] // a key of the table that is iterated
    const script = combine(text, snippets[name], name)
    if (script !== undefined) result.set(name, script)
  }
  return result
}

const marker = /^#DEBHELPER#[ \t]*$/m

function combine(
  text: string | undefined,
  snippets: readonly string[],
  name: MaintainerScript,
): string | undefined {
  const added = snippets.map(marked).join('')
  if (text === undefined) return added === '' ? undefined : `${shell}${added}`
  const own = text.startsWith('#!') ? text : `${shell}${text}`
  if (marker.test(own)) return endInNewline(own.replace(marker, () => added.trimEnd()))
  if (added === '') return endInNewline(own)
  const [interpreter = '', ...lines] = own.split('\n')
  // In a subshell, an "exit 0" at the end of the declared script does not skip what stands behind it.
  const body = `(\n${endInNewline(lines.join('\n'))})\n`
  // A service is stopped before anything of it is cleaned away.
  const parts = name === 'prerm' ? [added, body] : [body, added]
  return `${interpreter}\nset -e\n${parts.join('')}`
}

// Without an interpreter line dpkg cannot start a script, where rpm takes /bin/sh.
const shell = '#!/bin/sh\nset -e\n'

const marked = (snippet: string): string =>
  `# Automatically added by hawser\n${snippet}# End automatically added section\n`

const endInNewline = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

/** Whether snippets of shell can be put beside this script. */
export function isShell(text: string): boolean {
  return !text.startsWith('#!') || /^#!\s*(\/usr)?\/bin\/(env\s+)?(ba|da)?sh(\s|$)/.test(text)
}
