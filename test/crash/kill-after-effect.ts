// Loaded into the CLI with `node --import`. Counts everything that changes files below a folder, in the order in which it
// happens, and ends the process with SIGKILL right before or right after the one that it is told to.
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CrashOrder, crashVariable, nameOf } from './crash-order.ts'

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

const order: CrashOrder = JSON.parse(process.env[crashVariable] ?? 'null')
let occurrences = 0

/** Both calls of one effect: `begin` when it is asked for, `end` when it has happened. */
function effect(kind: string, path: string): { end(): void } | undefined {
  const below = relative(order.folder, path)
  // Its own state is the engine's affair; test/engine kills that.
  if (below === '' || below.startsWith('..') || below.startsWith('.hawser/engine')) return undefined
  if (order.when === 'before') happened(kind, below)
  return { end: () => order.when === 'after' && happened(kind, below) }
}

function happened(kind: string, path: string): void {
  const name = nameOf(`${kind} ${path}`)
  if (order.log !== undefined) realAppend(order.log, `${name}\n`)
  if (name !== order.at?.name) return
  occurrences += 1
  if (occurrences === order.at.occurrence) process.kill(process.pid, 'SIGKILL')
}

const realAppend = fs.appendFileSync.bind(fs)

const pathOf = (value: unknown): string =>
  value instanceof URL ? fileURLToPath(value) : resolve(String(value))

/** Which argument names what is changed. */
const changes: { readonly [name: string]: number } = {
  appendFile: 0,
  chmod: 0,
  copyFile: 1,
  cp: 1,
  link: 1,
  mkdir: 0,
  mkdtemp: 0,
  rename: 1,
  rm: 0,
  rmdir: 0,
  symlink: 1,
  truncate: 0,
  unlink: 0,
  utimes: 0,
  writeFile: 0,
}

function patch(holder: object, name: string, wrap: (real: AnyFunction) => AnyFunction): void {
  const real: unknown = Reflect.get(holder, name)
  if (typeof real !== 'function') return
  Reflect.set(holder, name, wrap(real as AnyFunction))
}

/** One function for all three styles: a promise, a callback, or neither. */
const counted =
  (kind: string, pathIn: (self: unknown, args: readonly unknown[]) => string | undefined) =>
  (real: AnyFunction): AnyFunction =>
    function (...args) {
      const path = pathIn(this, args)
      const made = path === undefined ? undefined : effect(kind, path)
      if (made === undefined) return real.apply(this, args)
      const callback = args.at(-1)
      if (typeof callback === 'function') {
        return real.call(this, ...args.slice(0, -1), (error: unknown, ...rest: unknown[]) => {
          if (error == null) made.end()
          callback(error, ...rest)
        })
      }
      const result = real.apply(this, args)
      if (!(result instanceof Promise)) {
        made.end()
        return result
      }
      return result.then((value) => {
        made.end()
        return value
      })
    }

const openPaths = new Map<unknown, string>()

const isForWriting = (flags: unknown): boolean =>
  typeof flags === 'number' ? (flags & 3) !== 0 : typeof flags === 'string' && !/^rs?$/.test(flags)

function patchOpening(): void {
  const opened = counted('open', (_self, [path, flags]) => (isForWriting(flags) ? pathOf(path) : undefined))
  for (const name of ['open', 'openSync']) {
    patch(fs, name, (real) => opened(remembering(real)))
  }
  patch(fs.promises, 'open', (real) => opened(remembering(real)))
}

/** What later writes through the descriptor or handle change. */
const remembering = (real: AnyFunction): AnyFunction =>
  function (...args) {
    const path = pathOf(args[0])
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      return real.call(this, ...args.slice(0, -1), (error: unknown, descriptor: unknown) => {
        openPaths.set(descriptor, path)
        callback(error, descriptor)
      })
    }
    const result = real.apply(this, args)
    if (!(result instanceof Promise)) {
      openPaths.set(result, path)
      return result
    }
    return result.then((handle) => {
      openPaths.set(handle, path)
      return handle
    })
  }

async function patchHandles(): Promise<void> {
  const handle = await fs.promises.open('/dev/null')
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  for (const name of ['write', 'writev', 'writeFile', 'appendFile', 'truncate', 'chmod']) {
    patch(
      prototype,
      name,
      counted(`handle.${name}`, (self) => openPaths.get(self)),
    )
  }
}

function patchDescriptors(): void {
  for (const name of ['write', 'writev', 'ftruncate', 'fchmod']) {
    for (const style of [name, `${name}Sync`]) {
      patch(
        fs,
        style,
        counted(style, (_self, [descriptor]) => openPaths.get(descriptor)),
      )
    }
  }
}

/** What git writes into the repository happens in a child; the effect is over when the child is. */
function patchGit(): void {
  patch(
    childProcess,
    'spawn',
    (real) =>
      function (...args) {
        const words = Array.isArray(args[1]) ? args[1].map(String) : []
        const command = words.find((word) => ['mktag', 'update-ref', 'push'].includes(word))
        const made =
          command === undefined ? undefined : effect(`git ${command}`, resolve(order.folder, '.git'))
        const child = real.apply(this, args)
        if (made !== undefined && child instanceof childProcess.ChildProcess) child.once('exit', made.end)
        return child
      },
  )
}

for (const [name, at] of Object.entries(changes)) {
  const wrap = counted(name, (_self, args) => pathOf(args[at]))
  for (const holder of [fs, fs.promises]) patch(holder, name, wrap)
  patch(fs, `${name}Sync`, wrap)
}
patchOpening()
patchDescriptors()
await patchHandles()
patchGit()
syncBuiltinESMExports()
