import type { PackageSpec, Scripts } from '../package-spec.ts'
import { type RpmDependency, senseFlags } from './dependency.ts'
import { type SystemdSnippets, systemdSnippets } from './systemd.ts'
import type { HeaderTag } from './tags.ts'

/** One script as the header holds it. */
export interface Scriptlet {
  /** Program and its arguments. */
  readonly interpreter: readonly string[]
  readonly body: string
}

interface ScriptletSlot {
  readonly script: HeaderTag
  readonly program: HeaderTag
  /** Says in a dependency for which script the interpreter is needed. */
  readonly flag: number
}

export const scriptletSlots = {
  preInstall: { script: 'preIn', program: 'preInProg', flag: senseFlags.preInstall },
  postInstall: { script: 'postIn', program: 'postInProg', flag: senseFlags.postInstall },
  preRemove: { script: 'preUn', program: 'preUnProg', flag: senseFlags.preRemove },
  postRemove: { script: 'postUn', program: 'postUnProg', flag: senseFlags.postRemove },
  preTransaction: { script: 'preTrans', program: 'preTransProg', flag: senseFlags.preTransaction },
  postTransaction: { script: 'postTrans', program: 'postTransProg', flag: senseFlags.postTransaction },
} as const satisfies Record<keyof Scripts, ScriptletSlot>

export type ScriptletName = keyof typeof scriptletSlots

export const scriptletNames = [
  'preInstall',
  'postInstall',
  'preRemove',
  'postRemove',
  'preTransaction',
  'postTransaction',
] as const satisfies readonly ScriptletName[]

const shell = '/bin/sh'

/** The declared scripts together with what the systemd units need. */
export function scriptletsOf(spec: PackageSpec): ReadonlyMap<ScriptletName, Scriptlet> {
  const snippets = systemdSnippets(spec.systemd, spec.distribution)
  const scriptlets = new Map<ScriptletName, Scriptlet>()
  for (const name of scriptletNames) {
    const declared = spec.scripts[name]
    const snippet = snippetFor(name, snippets)
    if ((declared === undefined || declared.trim() === '') && snippet === '') continue
    const script = parseScript(declared ?? '')
    scriptlets.set(name, { interpreter: script.interpreter, body: combine(name, script.body, snippet) })
  }
  return scriptlets
}

export function snippetFor(name: ScriptletName, snippets: SystemdSnippets): string {
  if (name === 'postInstall' || name === 'preRemove' || name === 'postRemove') return snippets[name]
  return ''
}

function combine(name: ScriptletName, body: string, snippet: string): string {
  // A service stops before the package's own script takes its things away, and starts when that script has set them up.
  const parts = name === 'preRemove' ? [snippet, body] : [body, snippet]
  return parts
    .filter((part) => part.trim() !== '')
    .map((part) => part.trimEnd())
    .join('\n')
}

/** A first line such as `#!/usr/bin/bash -e` or `#!<lua>` names the interpreter; without one it is /bin/sh. */
export function parseScript(text: string): Scriptlet {
  const shebang = /^#!\s*(\S[^\n]*)(?:\n|$)/.exec(text)
  if (shebang?.[1] === undefined) return { interpreter: [shell], body: text.trimEnd() }
  return { interpreter: shebang[1].trim().split(/\s+/), body: text.slice(shebang[0].length).trimEnd() }
}

export const isShell = ({ interpreter }: Scriptlet): boolean =>
  /\/(?:sh|bash|dash|ksh|zsh)$/.test(interpreter[0] ?? '')

/** What a script's interpreter asks of the system that installs the package. */
export function interpreterRequires({ interpreter }: Scriptlet, flag: number): readonly RpmDependency[] {
  const [program = shell] = interpreter
  const requires: RpmDependency[] = []
  if (program === '<lua>') requires.push(rpmlibFeature('BuiltinLuaScripts', '4.2.2-1'))
  else requires.push({ name: program, flags: senseFlags.interpreter | flag, version: '' })
  if (interpreter.length > 1) requires.push(rpmlibFeature('ScriptletInterpreterArgs', '4.0.3-1'))
  return requires
}

export function rpmlibFeature(feature: string, version: string): RpmDependency {
  const flags = senseFlags.rpmlib | senseFlags.less | senseFlags.equal
  return { name: `rpmlib(${feature})`, flags, version }
}
