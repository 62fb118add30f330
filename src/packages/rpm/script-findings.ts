import type { SpecFinding } from '../package-format.ts'
import type { PackageSpec } from '../package-spec.ts'
import { isShell, parseScript, scriptletNames, snippetFor } from './scriptlets.ts'
import { systemdSnippets } from './systemd.ts'
import { triggerProblem } from './triggers.ts'

export function scriptFindings(spec: PackageSpec): readonly SpecFinding[] {
  return [
    ...zeroByteFindings(spec),
    ...combinationFindings(spec),
    ...unitFindings(spec),
    ...triggerFindings(spec),
  ]
}

function zeroByteFindings({ scripts, triggers }: PackageSpec): readonly SpecFinding[] {
  const texts = [
    ...scriptletNames.map((name) => ({
      path: ['scripts', name],
      what: `script "${name}"`,
      text: scripts[name],
    })),
    ...triggers.map(({ on, script }, index) => ({
      path: ['triggers', index, 'script'],
      what: `script of the trigger on "${on}"`,
      text: script,
    })),
  ]
  return texts
    .filter(({ text }) => text?.includes('\0') === true)
    .map(({ path, what }) => ({
      path,
      code: 'RPM_SCRIPT_BINARY',
      message: `The ${what} contains a zero byte.`,
      hint: 'Give the text of a script; a program belongs into "contents".',
    }))
}

/** A declared script and the lines for systemd units become one script, so they must get on with each other. */
function combinationFindings(spec: PackageSpec): readonly SpecFinding[] {
  const snippets = systemdSnippets(spec.systemd, spec.distribution)
  const findings: SpecFinding[] = []
  for (const name of scriptletNames) {
    const declared = spec.scripts[name]
    if (declared === undefined || declared.trim() === '' || snippetFor(name, snippets) === '') continue
    const script = parseScript(declared)
    if (!isShell(script)) {
      findings.push({
        path: ['scripts', name],
        code: 'RPM_SCRIPT_INTERPRETER',
        message: `The script "${name}" runs in ${script.interpreter[0]}, and the systemd units need shell lines in it.`,
        hint: 'Write this script for /bin/sh, or move its work into a program that it calls.',
      })
    }
    // Lines for units follow the declared script, but for "preRemove", where they go first.
    if (name !== 'preRemove' && /(?:^|\n)(?:exit|exec)\b[^\n]*\s*$/.test(script.body)) {
      findings.push({
        path: ['scripts', name],
        code: 'RPM_SCRIPT_EXITS',
        message: `The script "${name}" always ends early, so the lines for the systemd units after it would never run.`,
        hint: 'Remove the last line of the script.',
      })
    }
  }
  return findings
}

// systemd.unit(5): names and types of units.
const unitPattern =
  /^[A-Za-z0-9:_.\\@-]+\.(?:service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/

function unitFindings({ systemd }: PackageSpec): readonly SpecFinding[] {
  return systemd.flatMap(({ unit }, index) => {
    if (unitPattern.test(unit)) return []
    return [
      {
        path: ['systemd', index, 'unit'],
        code: 'SYSTEMD_UNIT_NAME',
        message: `"${unit}" is not the name of a systemd unit.`,
        hint: 'Write the name with its type, for example "hello.service".',
      },
    ]
  })
}

function triggerFindings({ triggers }: PackageSpec): readonly SpecFinding[] {
  return triggers.flatMap((trigger, index) => {
    const problem = triggerProblem(trigger)
    if (problem === undefined) return []
    return [
      {
        path: ['triggers', index],
        code: 'RPM_TRIGGER',
        message: problem,
        hint: 'Write for example on: "bash >= 5" or on: "/usr/share/fonts", and the script that runs then.',
      },
    ]
  })
}
