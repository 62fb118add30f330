import type { PlannedChange } from './plan.ts'
import type { Change } from './step.ts'

/**
 * May this change be made under the plan that people approved? Keeping writes nothing and always may; waiting and
 * refusing are decided elsewhere. Otherwise the reason why not, as a whole sentence.
 */
export function conforms(planned: PlannedChange, actual: Change): true | string {
  if (actual.kind !== 'create' && actual.kind !== 'replace') return true
  switch (planned.kind) {
    case 'create':
    case 'replace':
      return planned.kind === actual.kind || moved(planned, actual)
    case 'later':
      return actual.kind === 'create' || planned.mayReplace === true || moved(planned, actual)
    case 'wait':
      // What was waited for has come; that nothing is overwritten was part of what people saw.
      return actual.kind === 'create' || moved(planned, actual)
    default:
      return moved(planned, actual)
  }
}

function moved(planned: PlannedChange, actual: Change & { kind: 'create' | 'replace' }): string {
  return `The plan says ${plannedText(planned)}, but now it would be "${actual.kind}: ${actual.summary}".`
}

/** One planned change in a few words, for differences and refusals. */
export function plannedText(planned: PlannedChange): string {
  switch (planned.kind) {
    case 'refuse':
      return `"refuse: ${planned.message}"`
    case 'unknown':
      return `"unknown: ${planned.reason}"`
    case 'skip':
      return `"skip: ${planned.skip.reason}"`
    default:
      return `"${planned.kind}: ${planned.summary}"`
  }
}
