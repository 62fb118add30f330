import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommandResult, mustRun, runCommand } from './command.ts'

/**
 * Podman, buildah and skopeo with a store of their own. The settings suit machines without systemd, with both versions of
 * control groups, and with fewer rights than root usually has (Debian's crun refuses the second).
 */
export class Podman {
  readonly #folder: string
  /** Also for programs of ours that start them. */
  readonly environment: Readonly<Record<string, string>>

  private constructor(folder: string) {
    this.#folder = folder
    this.environment = {
      HOME: folder,
      CONTAINERS_CONF: join(folder, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
      CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf'),
      REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
    }
  }

  static async create(): Promise<Podman> {
    // Short, since sockets in it have paths of at most 108 bytes.
    const folder = await mkdtemp(join(tmpdir(), 'hp-'))
    const files = {
      'containers.conf': `[containers]
cgroups = "enabled"
netns = "host"
log_driver = "k8s-file"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`,
      'storage.conf': `[storage]\ndriver = "vfs"\ngraphroot = "${folder}/graph"\nrunroot = "${folder}/run"\n`,
      'auth.json': '{}',
      'registries.conf': '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n',
      '.config/containers/policy.json': '{"default":[{"type":"insecureAcceptAnything"}]}',
    }
    await mkdir(join(folder, '.config/containers'), { recursive: true })
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return new Podman(folder)
  }

  /** `podman`, `buildah` or `skopeo`; it must succeed. */
  must(program: 'podman' | 'buildah' | 'skopeo', ...args: string[]): Promise<string> {
    return mustRun(program, args, { environment: this.environment })
  }

  run(program: 'podman' | 'buildah' | 'skopeo', ...args: string[]): Promise<CommandResult> {
    return runCommand(program, args, { environment: this.environment })
  }

  async remove(): Promise<void> {
    await runCommand('podman', ['rm', '--all', '--force'], { environment: this.environment })
    await rm(this.#folder, { recursive: true, force: true })
  }
}
