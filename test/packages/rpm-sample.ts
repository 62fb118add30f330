import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { digestOfFile } from '../../src/lib/digest.ts'
import type { ContentEntry, PackageSpec, Relations } from '../../src/packages/package-spec.ts'

type FileEntry = Extract<ContentEntry, { type: 'file' }>

export interface FileOptions {
  readonly mode?: number
  readonly role?: FileEntry['role']
  readonly owner?: string
  readonly group?: string
}

/** A folder of its own with sources for packages. */
export class Sample {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(): Promise<Sample> {
    return new Sample(await mkdtemp(join(tmpdir(), 'hawser-rpm-')))
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  /** Writes the source of `path` and gives its entry. */
  async file(path: string, content: string | Uint8Array, options: FileOptions = {}): Promise<FileEntry> {
    const source = this.path('sources', path)
    await mkdir(dirname(source), { recursive: true })
    await writeFile(source, content)
    await chmod(source, 0o644)
    return {
      type: 'file',
      path,
      source,
      owner: options.owner ?? 'root',
      group: options.group ?? 'root',
      mode: options.mode ?? 0o644,
      role: options.role ?? 'plain',
      ...(await digestOfFile(source)),
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

export const noRelations: Relations = {
  depends: [],
  preDepends: [],
  recommends: [],
  suggests: [],
  enhances: [],
  conflicts: [],
  breaks: [],
  provides: [],
  replaces: [],
  obsoletes: [],
}

/** A complete spec without contents, to be spread over. */
export const plainSpec: PackageSpec = {
  name: 'hello',
  version: { epoch: 0, declared: '1.5.0', build: '1', scheme: 'standard' },
  architecture: 'all',
  summary: 'Greets everybody',
  description: 'Says hello to everybody who asks for it.',
  maintainer: 'Release Team <release@example.org>',
  vendor: 'Example',
  homepage: 'https://example.org/hello',
  license: 'Apache-2.0',
  section: 'utils',
  priority: 'optional',
  distribution: undefined,
  relations: noRelations,
  contents: [],
  scripts: {},
  triggers: [],
  systemd: [],
  changelog: [],
  compression: { kind: 'gzip', level: 6 },
  fields: {},
  epoch: 1_790_000_000,
}
