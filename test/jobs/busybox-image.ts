import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun } from '../clients/command.ts'
import type { Podman } from '../clients/podman.ts'

const applets = ['sh', 'cat', 'sleep', 'touch', 'ls', 'id', 'env']

/** An image with a shell and little else; its name in podman's own store. */
export async function busyboxImage(podman: Podman): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-busybox-'))
  const name = 'localhost/hawser-jobs:test'
  try {
    await mkdir(join(folder, 'root/bin'), { recursive: true })
    await mkdir(join(folder, 'root/tmp'), { mode: 0o777 })
    await copyFile('/bin/busybox', join(folder, 'root/bin/busybox'))
    for (const applet of applets) await symlink('busybox', join(folder, 'root/bin', applet))
    await mustRun('tar', ['-C', join(folder, 'root'), '-cf', join(folder, 'root.tar'), '.'])
    await podman.must('podman', 'import', '--change=ENV PATH=/bin', join(folder, 'root.tar'), name)
    return name
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
