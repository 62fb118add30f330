import type { Run } from '../pipeline/run.ts'

/** How much of a gate's time has passed when people are reminded of it. */
const moments = [0.5, 0.75, 0.9] as const

/** What people are told of gates whose moments came after `before` and not after `now`; one line for each gate. */
export function dueReminders({ plan, nodes }: Run, before: Date, now: Date): readonly string[] {
  return plan.nodes.flatMap((node) => {
    const state = nodes[node.id]
    if (!('gate' in node) || state?.status !== 'open') return []
    const since = Date.parse(state.since)
    const limitMs = Date.parse(state.until) - since
    const passed = moments.some((moment) => {
      const at = since + moment * limitMs
      return at > before.getTime() && at <= now.getTime()
    })
    if (!passed) return []
    const version = plan.run.version
    return `${plan.run.project} ${version} still waits at "${node.id}" until ${state.until}: ${node.gate} Decide with "hawser approve ${node.id} --reason TEXT ${version}", or reject.`
  })
}

export interface Reminders {
  changed(run: Run): void
  end(): void
}

const lookEveryMs = 500

/** Tells of open gates for as long as somebody follows the run. */
export function reminders(tell: (text: string) => void, now: () => Date): Reminders {
  let [latest, before]: [Run | undefined, Date] = [undefined, now()]
  const timer = setInterval(() => {
    const at = now()
    if (latest !== undefined) for (const text of dueReminders(latest, before, at)) tell(text)
    before = at
  }, lookEveryMs)
  return {
    changed(run) {
      latest = run
    },
    end: () => clearInterval(timer),
  }
}
