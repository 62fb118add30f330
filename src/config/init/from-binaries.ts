import { type FileHandle, open, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path/posix'
import { codeOf } from '../../lib/atomic-file.ts'
import type { Json } from '../../lib/json.ts'
import { canonicalArchitecture } from '../../packages/architecture.ts'
import { type FactReader, fieldsOf, type ProjectFolder } from './facts.ts'

/** Where build tools leave programs. */
const folders = ['dist', 'build', 'out', 'bin', 'target/release']
const depthMax = 3
const programsMax = 200

/** ELF's e_machine. */
const machines: { readonly [machine: number]: string | undefined } = {
  3: 'i386',
  21: 'ppc64el',
  22: 's390x',
  40: 'armhf',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

interface Program {
  readonly path: string
  readonly architecture: string
  /** The name to install it under. */
  readonly name: string
}

/** Programs that have been built already, for which machines, and how their paths follow from the architecture. */
export const fromBinaries: FactReader = async (project) => {
  const programs: Program[] = []
  for (const folder of folders) await collect(project, folder, 0, programs)
  if (programs.length === 0) return {}
  const architectures = [...new Set(programs.map(({ architecture }) => architecture))].sort()
  const { contents, overrides } = contentsOf(programs, architectures)
  return {
    fields: fieldsOf({ architectures, contents, overrides }),
    notes: [`Programs were found: ${programs.map(({ path }) => path).join(', ')}.`],
  }
}

async function collect(
  project: ProjectFolder,
  folder: string,
  depth: number,
  programs: Program[],
): Promise<void> {
  for (const entry of await list(project, folder)) {
    const path = join(folder, entry.name)
    if (programs.length >= programsMax) return
    // Cargo keeps its intermediate programs there.
    if (entry.isDirectory() && depth < depthMax && !['deps', 'node_modules'].includes(entry.name)) {
      await collect(project, path, depth + 1, programs)
    } else if (entry.isFile()) {
      const architecture = await programArchitecture(join(project.root, path))
      if (architecture !== undefined) programs.push({ path, architecture, name: nameOf(path) })
    }
  }
}

async function list({ root }: ProjectFolder, folder: string) {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw error
  }
}

/** elf(5): the machine of an executable file; undefined for anything else. */
async function programArchitecture(path: string): Promise<string | undefined> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const head = new Uint8Array(20)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    const isElf =
      bytesRead === 20 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46
    const isExecutable = ((await file.stat()).mode & 0o111) !== 0
    if (!isElf || !isExecutable) return undefined
    const isLittleEndian = head[5] === 1
    return machines[new DataView(head.buffer).getUint16(18, isLittleEndian)]
  } finally {
    await file?.close()
  }
}

/** `hello-linux-amd64`, `hello_1.0_arm64`, `linux_amd64/hello` → `hello`. */
function nameOf(path: string): string {
  const words = basename(path).split(/[-_]/)
  const isNoise = (word: string) =>
    canonicalArchitecture(word) !== undefined || /^(linux|gnu|musl|unknown|v?\d+(\.\d+)+|x86|64)$/i.test(word)
  const kept = words.filter((word, index) => index === 0 || !isNoise(word))
  return kept.join('-')
}

interface Contents {
  readonly contents: readonly Json[]
  readonly overrides: { readonly [architecture: string]: Json }
}

/** One entry where the path follows from the architecture, else one for each architecture in `overrides`. */
function contentsOf(programs: readonly Program[], architectures: readonly string[]): Contents {
  const contents: Json[] = []
  const overrides: Record<string, Json[]> = {}
  for (const name of new Set(programs.map((program) => program.name))) {
    const all = programs.filter((program) => program.name === name)
    const paths = new Set(all.map(({ path, architecture }) => withReference(path, architecture)))
    const to = `/usr/bin/${name}`
    const [only, second] = paths
    const isEverywhere = architectures.every((architecture) =>
      all.some((one) => one.architecture === architecture),
    )
    if (only !== undefined && second === undefined && isEverywhere)
      contents.push({ from: only, to, mode: '0755' })
    else
      for (const { architecture, path } of all) {
        const entries = overrides[architecture] ?? []
        entries.push({ from: path, to, mode: '0755' })
        overrides[architecture] = entries
      }
  }
  const byArchitecture = Object.entries(overrides).map(([key, entries]) => [key, { contents: entries }])
  return { contents, overrides: Object.fromEntries(byArchitecture) }
}

const withReference = (path: string, architecture: string): string =>
  path.replace(new RegExp(`(?<![A-Za-z0-9])${architecture}(?![A-Za-z0-9])`), () => '${arch}')
