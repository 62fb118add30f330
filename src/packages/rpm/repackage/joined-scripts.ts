import { UserError } from '../../../errors.ts'
import type { TagValues } from '../encode-header.ts'
import { isShell, type ScriptletName, scriptletNames, scriptletSlots } from '../scriptlets.ts'
import type { HeaderTag } from '../tags.ts'
import { type Original, originalName } from './original.ts'

/**
 * The scripts of several packages as one each. Those that are needed by others install first and are removed last, as
 * rpm does it; each runs in a shell of its own, so that one that ends early does not end the others.
 */
export function joinedScripts(originals: readonly Original[]): TagValues<HeaderTag> {
  const ordered = installOrder(originals)
  let tags: TagValues<HeaderTag> = {}
  for (const name of scriptletNames) {
    const isRemoval = name === 'preRemove' || name === 'postRemove'
    const owners = (isRemoval ? ordered.toReversed() : ordered).flatMap((original) => {
      const script = scriptOf(original, name)
      return script === undefined ? [] : [{ original, script }]
    })
    const [first, ...others] = owners
    if (first === undefined) continue
    const { interpreter, body } = others.length === 0 ? first.script : joined([first, ...others], name)
    const slot = scriptletSlots[name]
    tags = { ...tags, [slot.script]: body, [slot.program]: interpreter }
  }
  return tags
}

/** Without a body the program itself runs, such as ldconfig. */
interface PackagedScript {
  readonly interpreter: readonly string[]
  readonly body: string | undefined
}

function scriptOf({ rpm: { header } }: Original, name: ScriptletName): PackagedScript | undefined {
  const { script, program } = scriptletSlots[name]
  if (!header.has(script) && !header.has(program)) return undefined
  const interpreter = header.texts(program)
  return { interpreter: interpreter.length === 0 ? [shell] : interpreter, body: header.text(script) }
}

function joined(owners: readonly [Owned, ...Owned[]], name: ScriptletName): PackagedScript {
  const [first, ...others] = owners.map(({ original, script }) => ({ original, script: asShell(script) }))
  if (first === undefined) throw new Error('There is a first one')
  for (const other of others) checkTogether(first, other, name)
  const parts = [first, ...others].map(({ script }) => subshell(script.body ?? ''))
  return { interpreter: first.script.interpreter, body: parts.join('\n') }
}

const shell = '/bin/sh'

const asShell = ({ interpreter, body }: PackagedScript): PackagedScript =>
  body === undefined ? { interpreter: [shell], body: interpreter.join(' ') } : { interpreter, body }

interface Owned {
  readonly original: Original
  readonly script: PackagedScript
}

function checkTogether(first: Owned, other: Owned, name: ScriptletName): void {
  const [a, b] = [first, other].map(({ script }) => script.interpreter.join(' '))
  if (a === b && isShell({ interpreter: first.script.interpreter, body: '' })) return
  throw new UserError(
    'REPACKAGE_SCRIPTS',
    `The ${name} scripts of ${originalName(first.original)} (${a}) and ${originalName(other.original)} (${b}) cannot run as one.`,
    { hint: 'Only scripts of the same shell can be joined. Make two packages of them.' },
  )
}

/** A line that ends in a backslash must not swallow what follows. */
const subshell = (body: string): string => `(\n${body}\n\n) || exit $?`

/** As listed, but a package that needs another of the list comes after it. */
function installOrder(originals: readonly Original[]): readonly Original[] {
  const ordered: Original[] = []
  const visiting = new Set<Original>()
  const visit = (original: Original): void => {
    if (ordered.includes(original) || visiting.has(original)) return
    visiting.add(original)
    const needed = new Set(original.rpm.dependencies.requires.map(({ name }) => name))
    for (const other of originals) {
      if (other !== original && other.rpm.dependencies.provides.some(({ name }) => needed.has(name)))
        visit(other)
    }
    ordered.push(original)
  }
  for (const original of originals) visit(original)
  return ordered
}
