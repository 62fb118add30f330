import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { mustRun } from '../clients/command.ts'
import { plainSpec, Sample } from './rpm-sample.ts'

let folder: string
let keyFile: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-rpm-same-'))
  keyFile = join(folder, 'key.asc')
  const key = await generateKey({
    userId: 'R <r@example.org>',
    algorithm: 'ed25519',
    date: new Date('2024-01-01T00:00:00Z'),
  })
  await writeFile(keyFile, key.privateKeyArmored)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const worlds = [
  { umask: '022', TZ: 'UTC', LC_ALL: 'C', TMPDIR: 'one' },
  { umask: '077', TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', TMPDIR: 'a longer name/with parts' },
  { umask: '000', TZ: 'America/Los_Angeles', LC_ALL: 'de_DE.UTF-8', TMPDIR: 'three' },
]

test.each(['gzip', 'xz', 'zstd', 'none'])(
  'umask, time zone, locale and path do not change a byte (%s)',
  async (kind) => {
    const packages: Buffer[] = []
    for (const { umask, TZ, LC_ALL, TMPDIR } of worlds) {
      const world = join(folder, kind, TMPDIR)
      await mkdir(world, { recursive: true })
      const output = join(world, 'out.rpm')
      const script = join(import.meta.dirname, 'rpm-child.ts')
      const args = [umask, process.execPath, script, keyFile, output, kind]
      await mustRun('sh', ['-c', 'umask "$1"; shift; exec "$@"', 'sh', ...args], {
        environment: { TZ, LC_ALL, TMPDIR: world, NODE_NO_WARNINGS: '1' },
      })
      packages.push(await readFile(output))
      expect((await stat(output)).mode & 0o777).toBe(0o644)
    }

    const [first, ...others] = packages
    expect(others.map((other) => first?.equals(other))).toEqual([true, true])
  },
)

/** A small file system of its own, so that a full or read-only disk is a real one. Only root may mount. */
async function mount(options: string): Promise<string> {
  const disk = await mkdtemp(join(tmpdir(), 'hawser-rpm-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk])
  onTestFinished(async () => {
    execFileSync('umount', ['--lazy', disk])
    await rmdir(disk)
  })
  return disk
}

describe.skipIf(process.getuid?.() !== 0)('a disk', () => {
  test.each([
    ['that is full', 'size=256k', 'disk-full'],
    ['that is read-only', 'size=1m,ro', 'disk-read-only'],
  ])(
    '%s stops the build with a text that says so, and keeps no half of a package',
    async (_, options, name) => {
      const sample = await Sample.create()
      onTestFinished(() => sample.remove())
      const disk = await mount(options)
      const contents = [await sample.file('/usr/share/hello/big', Buffer.alloc(2_000_000, 1))]
      const spec = { ...plainSpec, contents, compression: { kind: 'none', level: 0 } } as const

      const error = await rpm
        .build(spec, { outputPath: join(disk, 'a.rpm') })
        .then(() => 'built', failureText)

      await expect(`${error.replaceAll(disk, 'DISK')}\n`).toMatchFileSnapshot(
        `testdata/errors/rpm-${name}.txt`,
      )
      expect(await readdir(disk)).toEqual([])
    },
  )
})
