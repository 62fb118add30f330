import type { SpecFinding } from '../package-format.ts'
import type { ContentEntry } from '../package-spec.ts'

export function contentFindings(contents: readonly ContentEntry[]): readonly SpecFinding[] {
  const seen = new Map<string, ContentEntry>()
  const findings: SpecFinding[] = []
  for (const [index, entry] of contents.entries()) {
    const finding = (code: string, message: string, hint: string) =>
      findings.push({ path: ['contents', index, 'path'], code, message, hint })
    if (!isSafePath(entry.path)) {
      finding(
        'PACKAGE_PATH',
        `The path "${entry.path}" is not an absolute path inside the installed system.`,
        'Begin with "/", and leave out "..", ".", double and final slashes and line breaks.',
      )
    }
    if (seen.has(entry.path)) {
      finding(
        'PACKAGE_PATH_TWICE',
        `The path "${entry.path}" is declared twice.`,
        'Keep one of the two declarations.',
      )
    }
    seen.set(entry.path, entry)
    const parent = parentsOf(entry.path).find((path) => isLeaf(seen.get(path)))
    if (parent !== undefined) {
      finding(
        'PACKAGE_PATH_BELOW_FILE',
        `"${entry.path}" is below "${parent}", which is declared as a ${seen.get(parent)?.type}.`,
        'Declare the parent as a directory, or give the file another place.',
      )
    }
    findings.push(...ownerFindings(entry, index), ...targetFindings(entry, index))
  }
  return findings
}

// cpio's readers and the kernel end a path at 4096 bytes.
const pathBytesMax = 4096 - 2

function isSafePath(path: string): boolean {
  if (!path.startsWith('/') || path === '/' || Buffer.byteLength(path) > pathBytesMax) return false
  if (/\p{Cc}/u.test(path)) return false
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..')
}

const isLeaf = (entry: ContentEntry | undefined) => entry !== undefined && entry.type !== 'directory'

function parentsOf(path: string): readonly string[] {
  const parents: string[] = []
  for (let cut = path.indexOf('/', 1); cut > 0; cut = path.indexOf('/', cut + 1))
    parents.push(path.slice(0, cut))
  return parents
}

function targetFindings(entry: ContentEntry, index: number): readonly SpecFinding[] {
  if (entry.type !== 'symlink' || /^[^\p{Cc}]+$/u.test(entry.target)) return []
  return [
    {
      path: ['contents', index, 'target'],
      code: 'PACKAGE_LINK_TARGET',
      message: `The symbolic link "${entry.path}" has no target, or one with a control character.`,
      hint: 'Give the path that the link points to.',
    },
  ]
}

function ownerFindings(entry: ContentEntry, index: number): readonly SpecFinding[] {
  return (['owner', 'group'] as const)
    .filter((member) => !/^[A-Za-z_][A-Za-z0-9_.-]*\$?$/.test(entry[member]))
    .map((member) => ({
      path: ['contents', index, member],
      code: 'PACKAGE_OWNER',
      message: `The ${member} "${entry[member]}" of "${entry.path}" is not a name.`,
      hint: 'rpm stores names, not numbers: write for example "root".',
    }))
}
