import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText, TransientError } from '../../src/errors.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { withLock } from '../../src/storage/file/lock.ts'
import { openWorkspace } from '../../src/storage/file/workspace.ts'
import type { Storage } from '../../src/storage/storage.ts'

let folder: string
let storage: Storage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-file-'))
  storage = fileStorage(join(folder, 'storage'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const failureOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (failure: unknown) => failure,
  )
  return failureText(error)
    .replaceAll(folder, 'FOLDER')
    .replaceAll(hostname(), 'HOST')
    .replaceAll(/\b\d{3,}\b/g, 'N')
}
const golden = (name: string): string => `testdata/errors/${name}.txt`
const bytes = Buffer.from('bytes')

describe.skipIf(process.getuid?.() !== 0)('a file system', () => {
  let mounted: string | undefined
  // Runs before the folder is removed.
  afterEach(() => {
    if (mounted !== undefined) execFileSync('umount', ['--lazy', mounted])
    mounted = undefined
  })

  async function mount(options: string): Promise<string> {
    const disk = join(folder, 'disk')
    await mkdir(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk])
    mounted = disk
    return disk
  }

  test('that is full keeps the old object, and takes the new one when there is room', async () => {
    const disk = await mount('size=256k')
    const small = fileStorage(disk)
    await small.put('InRelease', bytes)

    const text = await failureOf(small.put('InRelease', Buffer.alloc(1 << 20)))

    await expect(text).toMatchFileSnapshot(golden('full'))
    expect(Buffer.from((await (await small.get('InRelease'))?.bytes()) ?? [])).toEqual(bytes)
    expect(await readdir(join(disk, '.hawser-storage/drafts'))).toEqual([])
    execFileSync('mount', ['-o', 'remount,size=8m', disk])
    expect((await small.put('InRelease', Buffer.alloc(1 << 20))).status).toBe('written')
  })

  test('that is read-only is said so, and can still be read', async () => {
    const disk = await mount('size=256k')
    await fileStorage(disk).put('InRelease', bytes)
    execFileSync('mount', ['-o', 'remount,ro', disk])

    await expect(await failureOf(fileStorage(disk).put('x', bytes))).toMatchFileSnapshot(golden('read-only'))
    expect((await fileStorage(disk).get('InRelease'))?.sizeBytes).toBe(bytes.length)
  })

  test('that is mounted inside of the storage is said so', async () => {
    const disk = await mount('size=256k')

    const text = await failureOf(fileStorage(folder).put(`${disk.slice(folder.length + 1)}/x`, bytes))

    await expect(text).toMatchFileSnapshot(golden('mount-inside'))
  })
})

test('a link that leads out of the storage is refused for reading and writing', async () => {
  await storage.put('a', bytes)
  await symlink('/etc', join(folder, 'storage/out'))
  await symlink('/etc/hostname', join(folder, 'storage/file'))

  await expect(await failureOf(storage.get('out/passwd'))).toMatchFileSnapshot(golden('escape'))
  await expect(storage.put('out/new', bytes)).rejects.toMatchObject({ code: 'STORAGE_ESCAPE' })
  await expect(storage.get('file')).rejects.toMatchObject({ code: 'STORAGE_ESCAPE' })
  await expect(storage.put('file', bytes)).rejects.toMatchObject({ code: 'STORAGE_ESCAPE' })
})

test('a link to a place inside is followed, and one to nothing is not taken for an absent object', async () => {
  await storage.put('pool/a', bytes)
  await symlink('pool/a', join(folder, 'storage/alias'))
  await symlink('gone', join(folder, 'storage/dangling'))

  expect((await storage.get('alias'))?.sizeBytes).toBe(bytes.length)
  await expect(await failureOf(storage.get('dangling'))).toMatchFileSnapshot(golden('dangling-link'))
})

test('the folder of the locks is nobody else’s', async () => {
  await expect(await failureOf(storage.put('.hawser-storage/x', bytes))).toMatchFileSnapshot(
    golden('reserved'),
  )
})

test('paths that climb are refused', async () => {
  await expect(await failureOf(storage.put('pool/../../x', bytes))).toMatchFileSnapshot(golden('path-climbs'))
})

test('a file where a folder is needed is said so', async () => {
  await storage.put('pool', bytes)

  await expect(await failureOf(storage.put('pool/x', bytes))).toMatchFileSnapshot(golden('file-for-folder'))
})

test('a folder where a file is needed is said so', async () => {
  await storage.put('pool/x', bytes)

  await expect(await failureOf(storage.put('pool', bytes))).toMatchFileSnapshot(golden('folder-for-file'))
})

test('a name that is too long is said so', async () => {
  await expect(await failureOf(storage.put('x'.repeat(300), bytes))).toMatchFileSnapshot(
    golden('name-too-long'),
  )
})

test('a source that is gone or has another size is said so', async () => {
  await writeFile(join(folder, 'source'), 'four')

  const gone = await failureOf(storage.put('x', { file: join(folder, 'none'), sizeBytes: 1 }))
  const changed = await failureOf(storage.put('x', { file: join(folder, 'source'), sizeBytes: 5 }))

  await expect(gone).toMatchFileSnapshot(golden('source-gone'))
  await expect(changed).toMatchFileSnapshot(golden('source-changed'))
})

test('private sources become files that everybody may read who may read the folder', async () => {
  await writeFile(join(folder, 'source'), 'four', { mode: 0o600 })
  await chmod(join(folder, 'source'), 0o600)
  await writeFile(join(folder, 'usual'), '')

  await storage.put('x', { file: join(folder, 'source'), sizeBytes: 4 })

  expect((await stat(join(folder, 'storage/x'))).mode).toBe((await stat(join(folder, 'usual'))).mode)
})

test('a lock of a living process is waited for, and its holder is named when it does not end', async () => {
  const { locks, draft } = await openWorkspace(folder)
  const late = () => withLock({ folder: locks, draft, waitMs: 20 }, async () => 'late')

  const text = await withLock({ folder: locks, draft, waitMs: 1000 }, () => failureOf(late()))

  await expect(text).toMatchFileSnapshot(golden('locked'))
  expect(await late()).toBe('late')
})

test('a lock held on another machine is never taken over', async () => {
  const { locks, draft } = await openWorkspace(folder)
  await writeFile(join(locks, 'lock.1'), 'elsewhere\nother-host\nother-boot\n1\n1\n')

  const outcome = withLock({ folder: locks, draft, waitMs: 20 }, async () => 'taken')

  await expect(outcome).rejects.toThrow(TransientError)
})

test('the lock and the drafts of a killed process are taken over and swept', async () => {
  const { locks, draft } = await openWorkspace(folder)
  const lock = join(import.meta.dirname, '../../src/storage/file/lock.ts')
  const workspace = join(import.meta.dirname, '../../src/storage/file/workspace.ts')
  const script = [
    `import { withLock } from ${JSON.stringify(lock)}`,
    `import { openWorkspace } from ${JSON.stringify(workspace)}`,
    `import { writeFileSync } from 'node:fs'`,
    `const { locks, draft } = await openWorkspace(${JSON.stringify(folder)})`,
    `writeFileSync(draft(), 'half')`,
    `await withLock({ folder: locks, draft, waitMs: 1000 }, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)) })`,
  ]
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script.join('\n')])
  await once(child.stdout, 'data')
  expect(await readdir(join(locks, 'drafts'))).toHaveLength(1)
  child.kill('SIGKILL')
  await once(child, 'exit')

  const takers = Array.from({ length: 10 }, () => withLock({ folder: locks, draft, waitMs: 10_000 }, alone()))
  await Promise.all(takers)
  await openWorkspace(folder)

  expect(await readdir(join(locks, 'drafts'))).toEqual([])
})

let inside = 0
/** Work that notices when it is not alone. */
function alone(): () => Promise<void> {
  return async () => {
    inside += 1
    expect(inside).toBe(1)
    await readFile(import.meta.filename)
    inside -= 1
  }
}
