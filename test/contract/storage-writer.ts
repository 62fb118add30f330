// One of several processes that write to the same storage; see storage.ts beside it.
import { createInterface } from 'node:readline'
import { createChosen } from '../../src/steps/choice.ts'
import { storages } from '../../src/storage/index.ts'
import type { Storage, StorageContext } from '../../src/storage/storage.ts'

const [provider, options, folder, mode, amount] = process.argv.slice(2)
const found = storages.find(({ name }) => name === provider)
if (found === undefined || options === undefined || folder === undefined) throw new Error('wrong arguments')
const storage = createChosen<Storage, StorageContext>(
  storages,
  { provider: found.name, options: JSON.parse(options) },
  { folder },
)

/** Several writers at once try to make the same object. */
async function create(): Promise<void> {
  const tries = Array.from({ length: Number(amount) }, (_, index) =>
    storage.put('race/one', Buffer.from(`${process.pid}.${index}`), { condition: { ifAbsent: true } }),
  )
  const statuses = (await Promise.all(tries)).map(({ status }) => status)
  process.stdout.write(`${statuses.filter((status) => status === 'written').length}\n`)
}

/**
 * Adds lines to one object by compare-and-swap. A line that is there already was added by a write that others followed
 * before its answer, which was lost, could be asked for again.
 */
async function append(): Promise<void> {
  for (let number = 0; number < Number(amount); number++) await appendLine(`${process.pid}.${number}`)
  process.stdout.write('done\n')
}

async function appendLine(line: string): Promise<void> {
  for (;;) {
    const object = await storage.get('race/lines')
    if (object === undefined) throw new Error('the lines are gone')
    const before = Buffer.from(await object.bytes()).toString()
    if (before.split('\n').includes(line)) return
    const condition = { ifVersion: object.version }
    const result = await storage.put('race/lines', Buffer.from(`${before}${line}\n`), { condition })
    if (result.status === 'written') return
  }
}

/** Writes two bodies in turn until it is killed. */
async function forever(target: Storage): Promise<void> {
  const bodies = ['a', 'b'].map((letter) => Buffer.alloc(Number(amount), letter))
  process.stdout.write('writing\n')
  for (;;) for (const body of bodies) await target.put('kill/object', body)
}

const modes: { readonly [mode: string]: () => Promise<void> } = {
  create,
  append,
  forever: () => forever(storage),
}

process.stdout.write('ready\n')
const lines = createInterface({ input: process.stdin })
for await (const _go of lines) {
  await modes[mode ?? '']?.()
  lines.close()
}
