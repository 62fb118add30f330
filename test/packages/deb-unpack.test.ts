import { chmod, link, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../src/lib/digest.ts'
import { unpackDeb } from '../../src/packages/deb/unpack.ts'
import { mustRun } from '../clients/command.ts'
import { scratchFolder } from './deb-fixture.ts'

const scratch = scratchFolder()
const tree = join(scratch.path, 'tree')

beforeAll(async () => {
  await mkdir(join(tree, 'DEBIAN'), { recursive: true })
  await mkdir(join(tree, 'usr/bin'), { recursive: true })
  await mkdir(join(tree, 'etc'))
  await chmod(join(tree, 'DEBIAN'), 0o755)
  const control =
    'Package: foreign\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n'
  await writeFile(join(tree, 'DEBIAN/control'), control)
  await writeFile(join(tree, 'usr/bin/program'), 'bytes')
  await chmod(join(tree, 'usr/bin/program'), 0o4755)
  await link(join(tree, 'usr/bin/program'), join(tree, 'usr/bin/same'))
  await symlink('/usr/bin/program', join(tree, 'etc/absolute'))
  await symlink('../usr/bin/program', join(tree, 'etc/relative'))
  await mustRun('dpkg-deb', ['--root-owner-group', '-b', tree, join(scratch.path, 'foreign.deb')])
})
afterAll(scratch.remove)

test("a package of dpkg's own is unpacked with absolute links, hard links and modes as they are installed", async () => {
  const keep = async (body: AsyncIterable<Uint8Array>) => {
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(Uint8Array.from(piece))
    const bytes = Buffer.concat(pieces)
    return { digest: digestOf(bytes), sizeBytes: bytes.length }
  }

  const { files, control } = await unpackDeb(join(scratch.path, 'foreign.deb'), keep)

  expect(control).toContain('Package: foreign\n')
  const listed = files.map((file) => [
    file.path,
    file.type,
    file.mode.toString(8),
    'target' in file ? file.target : '',
    'digest' in file ? file.digest : '',
  ])
  expect(listed.toSorted()).toEqual([
    ['/etc', 'directory', '755', '', ''],
    ['/etc/absolute', 'symlink', '777', '/usr/bin/program', ''],
    ['/etc/relative', 'symlink', '777', '../usr/bin/program', ''],
    ['/usr', 'directory', '755', '', ''],
    ['/usr/bin', 'directory', '755', '', ''],
    ['/usr/bin/program', 'file', '4755', '', digestOf('bytes')],
    ['/usr/bin/same', 'file', '4755', '', digestOf('bytes')],
  ])
})
