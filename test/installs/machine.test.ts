import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { runCommand } from '../clients/command.ts'
import { treeOf } from '../repositories/apt-world.ts'
import { InstallWorld, kismatic, master } from './install-world.ts'

/** What a mistake here would change: lists, caches, status and databases of the machine. */
const places = [
  '/var/lib/apt',
  '/var/lib/apt/lists',
  '/var/cache/apt',
  '/var/lib/dpkg',
  '/var/lib/dpkg/status',
  '/var/lib/rpm',
  '/var/cache/dnf',
  '/var/lib/dnf',
  '/etc/apt',
  join(process.env['HOME'] ?? '/root', '.rpmdb'),
]

async function stateOfMachine(): Promise<readonly string[]> {
  const lines: string[] = []
  for (const place of places) {
    const found = await stat(place).catch(() => undefined)
    lines.push(`${place} ${found === undefined ? 'absent' : found.mtimeMs}`)
    if (found?.isDirectory() === true) lines.push(...(await readdir(place)).sort())
  }
  return lines
}

describe.each(['deb', 'rpm'] as const)('%s', (format) => {
  test('nothing of the machine changes, and nothing is left behind', async () => {
    const world = await InstallWorld.create(format)
    onTestFinished(() => world.remove())
    await world.publish('1.4.5-1', ...kismatic('1.4.5-1'))
    const inputs = await world.build(...kismatic('1.4.6-1'))
    const temporary = join(world.folder, 'temporary')
    await mkdir(temporary)
    vi.stubEnv('TMPDIR', temporary)
    onTestFinished(() => void vi.unstubAllEnvs())
    const before = [await stateOfMachine(), await treeOf(join(world.folder, 'repository'))]

    const report = await world.report('1.4.6-1', [], [master], { inputs })

    expect(report.tried).toBe(5)
    expect([await stateOfMachine(), await treeOf(join(world.folder, 'repository'))]).toEqual(before)
    expect(await readdir(temporary)).toEqual([])
  })

  test.runIf(process.getuid?.() === 0)('it works for a user without any rights', async () => {
    const world = await InstallWorld.create(format)
    onTestFinished(() => world.remove())
    await world.publish('1.4.5-1', ...kismatic('1.4.5-1'))
    await chmod(world.folder, 0o755)
    const inputs = await world.build(...kismatic('1.4.6-1'))
    const order = JSON.stringify({ format, folder: world.folder, inputs })
    const script = join(import.meta.dirname, 'check-worker.ts')
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups']

    const { status, stdout, stderr } = await runCommand(
      'setpriv',
      [...asNobody, process.execPath, script, order],
      { environment: { HOME: '/nonexistent', NODE_NO_WARNINGS: '1' } },
    )

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({ user: 65534, tried: 5, broken: format === 'deb' ? 1 : 0 })
  })
})
