import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openArtifactStore } from '../../src/artifacts/store.ts'
import { writeFileAtomic } from '../../src/lib/atomic-file.ts'
import { digestOf, hexOf } from '../../src/lib/digest.ts'
import { file } from '../../src/sources/file/file.ts'
import { https } from '../../src/sources/https/https.ts'
import { failureTextOf, signal, useProject } from './project.ts'
import { serve, serveBytes } from './server.ts'

const project = useProject()

/** A small file system of its own, so that a full or read-only disk is a real one. Only root may mount. */
async function mount(options: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
  onTestFinished(async () => {
    execFileSync('umount', ['--lazy', folder])
    await rmdir(folder)
  })
  return folder
}

const failureOn = async (disk: string, promise: Promise<unknown>): Promise<string> =>
  (await failureTextOf(promise, project())).replaceAll(disk, 'DISK')

describe.skipIf(process.getuid?.() !== 0)('a disk', () => {
  test('that fills up during a download: what was received is kept, and used when there is room', async () => {
    const disk = await mount('size=1m')
    const bytes = randomBytes(3_000_000)
    const server = await serve(serveBytes(bytes))
    const written = https.options.parse({ url: `${server.origin}/a.bin`, sha256: hexOf(digestOf(bytes)) })
    const context = { ...project(), store: await openArtifactStore(join(disk, 'store')) }

    const text = await failureOn(disk, https.create(written, context).fetch(signal))

    await expect(text).toMatchFileSnapshot('testdata/errors/disk-full-download.txt')
    execFileSync('mount', ['-o', 'remount,size=16m', disk])
    const { digest } = await https.create(written, context).fetch(signal)
    expect(digest).toBe(digestOf(bytes))
    expect(server.requests[1]?.headers.range).toMatch(/^bytes=\d{6,7}-$/)
  })

  test('that is full leaves no half file', async () => {
    const disk = await mount('size=1m')
    await writeFile(join(project().root, 'large'), randomBytes(3_000_000))
    const store = await openArtifactStore(join(disk, 'store'))
    const source = file.create({ path: 'large', exclude: [] }, { ...project(), store })

    const text = await failureOn(disk, source.fetch(signal))

    await expect(text).toMatchFileSnapshot('testdata/errors/disk-full.txt')
    expect(await readdir(join(store.folder, 'temporary'))).toEqual([])
  })

  test('that is read-only is said so when the store is opened and when a file is written', async () => {
    const disk = await mount('size=1m')
    execFileSync('mount', ['-o', 'remount,ro', disk])

    const opened = await failureOn(disk, openArtifactStore(join(disk, 'store')))
    const written = await failureOn(disk, writeFileAtomic(join(disk, 'state.json'), '{}'))

    await expect(opened).toMatchFileSnapshot('testdata/errors/read-only-store.txt')
    await expect(written).toMatchFileSnapshot('testdata/errors/read-only-file.txt')
  })

  test('whose folder another user owns is forbidden', async () => {
    const folder = join(project().folder, 'private')
    await mkdir(folder, { mode: 0o700 })
    const program = `
      const { writeFileAtomic } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/lib/atomic-file.ts'))})
      const { failureText } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/errors.ts'))})
      process.setgid(65534)
      process.setuid(65534)
      await writeFileAtomic(${JSON.stringify(join(folder, 'file'))}, 'x').catch((error) => console.log(failureText(error)))
    `

    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    })

    await expect(output.trim().replaceAll(project().folder, 'FOLDER')).toMatchFileSnapshot(
      'testdata/errors/forbidden-folder.txt',
    )
  })
})
