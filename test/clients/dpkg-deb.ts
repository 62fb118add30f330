import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { mustRun } from './command.ts'

export interface SampleDeb {
  readonly name: string
  readonly version?: string
  readonly architecture?: string
  readonly section?: string
  /** More fields, in order. */
  readonly fields?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly postinst?: string
}

/** Builds a package with the real dpkg-deb; the answer is its path. */
export async function buildDeb(folder: string, sample: SampleDeb): Promise<string> {
  const { name, version = '1.0-1', architecture = 'amd64', section = 'utils', fields = {} } = sample
  const files = sample.files ?? { [`usr/share/${name}/greeting`]: `hello from ${name} ${version}\n` }
  const label = `${name}_${version.replace(/^\d+:/, '')}_${architecture}`
  const tree = join(folder, `tree-${label}`)
  const control = {
    Package: name,
    Version: version,
    Architecture: architecture,
    Maintainer: 'Release Team <release@example.org>',
    Section: section,
    Priority: 'optional',
    ...fields,
    Description: fields['Description'] ?? 'greets\n It says hello.',
  }
  await mkdir(join(tree, 'DEBIAN'), { recursive: true })
  const lines = Object.entries(control).map(([field, value]) => `${field}: ${value}\n`)
  await writeFile(join(tree, 'DEBIAN/control'), lines.join(''))
  if (sample.postinst !== undefined) {
    await writeFile(join(tree, 'DEBIAN/postinst'), sample.postinst)
    await chmod(join(tree, 'DEBIAN/postinst'), 0o755)
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true })
    await writeFile(join(tree, path), content)
  }
  const output = join(folder, `${label}.deb`)
  await mustRun('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', tree, output])
  return output
}
