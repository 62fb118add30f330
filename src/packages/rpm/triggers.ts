import type { PackageSpec, Trigger } from '../package-spec.ts'
import { type RpmDependency, senseFlags } from './dependency.ts'
import type { TagValues } from './encode-header.ts'
import { parseScript, type Scriptlet } from './scriptlets.ts'
import type { HeaderTag } from './tags.ts'

const triggerFlags = {
  'trigger-in': senseFlags.triggerIn,
  'trigger-un': senseFlags.triggerUn,
  'trigger-postun': senseFlags.triggerPostUn,
} as const

type RpmTriggerKind = keyof typeof triggerFlags

interface RpmTrigger {
  readonly conditions: readonly RpmDependency[]
  readonly scriptlet: Scriptlet
  /** On a path, so that every package with files below it fires: %filetriggerin. */
  readonly isFileTrigger: boolean
}

const isRpmTrigger = (kind: string): kind is RpmTriggerKind => Object.hasOwn(triggerFlags, kind)

/** The triggers that rpm knows; the kinds of dpkg (interest, activate) are for the other format. */
export function triggersOf(spec: PackageSpec): readonly RpmTrigger[] {
  return spec.triggers.flatMap((trigger) => {
    if (!isRpmTrigger(trigger.kind)) return []
    const flag = triggerFlags[trigger.kind]
    return [
      {
        conditions: trigger.on.split(',').map((condition) => parseCondition(condition, flag)),
        scriptlet: parseScript(trigger.script ?? ''),
        isFileTrigger: trigger.on.startsWith('/'),
      },
    ]
  })
}

const comparisons: { readonly [operator: string]: number } = {
  '<': senseFlags.less,
  '<=': senseFlags.less | senseFlags.equal,
  '=': senseFlags.equal,
  '>=': senseFlags.greater | senseFlags.equal,
  '>': senseFlags.greater,
}

const conditionPattern = /^\s*([^\s,<>=]+)(?:\s*(<=|>=|<|>|=)\s*([^\s,<>=]+))?\s*$/

/** `name`, or `name OPERATOR version` in rpm's own spelling. */
function parseCondition(text: string, flag: number): RpmDependency {
  const parts = conditionPattern.exec(text)
  if (parts === null) throw new Error(`The trigger condition "${text}" has passed the findings`)
  const [, name = '', operator = '', version = ''] = parts
  return { name, flags: flag | (comparisons[operator] ?? 0), version }
}

/** What is wrong with a trigger's declaration; undefined when rpm can have it. */
export function triggerProblem(trigger: Trigger): string | undefined {
  if (!isRpmTrigger(trigger.kind)) return undefined
  const conditions = trigger.on.split(',')
  if (!conditions.every((condition) => conditionPattern.test(condition))) {
    return `The trigger's condition "${trigger.on}" is no package, "package OPERATOR version" or path.`
  }
  if (conditions.some((condition) => condition.trim().startsWith('/')) !== trigger.on.startsWith('/')) {
    return `The trigger's condition "${trigger.on}" mixes packages and paths.`
  }
  if (trigger.script === undefined || trigger.script.trim() === '') {
    return `The trigger on "${trigger.on}" has no script.`
  }
  if (parseScript(trigger.script).interpreter.length > 1) {
    return `The interpreter of the trigger on "${trigger.on}" has arguments, for which rpm has no place in triggers.`
  }
  return undefined
}

const filePriority = 1_000_000

export function triggerTags(triggers: readonly RpmTrigger[]): TagValues<HeaderTag> {
  const packages = triggers.filter((trigger) => !trigger.isFileTrigger)
  const files = triggers.filter((trigger) => trigger.isFileTrigger)
  const onPackages = columnsOf(packages)
  const onFiles = columnsOf(files)
  return {
    triggerScripts: onPackages.scripts,
    triggerScriptProg: onPackages.programs,
    triggerName: onPackages.names,
    triggerVersion: onPackages.versions,
    triggerFlags: onPackages.flags,
    triggerIndex: onPackages.indexes,
    fileTriggerScripts: onFiles.scripts,
    fileTriggerScriptProg: onFiles.programs,
    fileTriggerName: onFiles.names,
    fileTriggerVersion: onFiles.versions,
    fileTriggerFlags: onFiles.flags,
    fileTriggerIndex: onFiles.indexes,
    fileTriggerPriorities: files.map(() => filePriority),
  }
}

/** Conditions point to their scripts by number and are sorted by name, as rpm looks them up. */
function columnsOf(triggers: readonly RpmTrigger[]) {
  const conditions = triggers
    .flatMap((trigger, index) => trigger.conditions.map((condition) => ({ ...condition, index })))
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) || a.index - b.index)
  return {
    scripts: triggers.map(({ scriptlet }) => scriptlet.body),
    programs: triggers.map(({ scriptlet }) => scriptlet.interpreter[0] ?? ''),
    names: conditions.map(({ name }) => name),
    versions: conditions.map(({ version }) => version),
    flags: conditions.map(({ flags }) => flags),
    indexes: conditions.map(({ index }) => index),
  }
}
