import { createHash, type Hash } from 'node:crypto'
import type { ByteStream, CompressionKind } from '../../archive/compression.ts'
import { readTar, type TarEntry } from '../../archive/tar.ts'
import { UserError } from '../../errors.ts'
import { bytesOfFile } from '../../lib/digest.ts'
import type { PackageFile, PackageInfo } from '../package-format.ts'
import { type ControlField, fieldOf, parseControl } from './control.ts'
import { walkDeb } from './members.ts'
import { signerOf } from './origin-signature.ts'

export interface DebControl {
  /** In the order of the file. */
  readonly fields: readonly ControlField[]
  /** The control file as it stands in the package. */
  readonly text: string
  /** Of control.tar and data.tar. */
  readonly compressions: readonly CompressionKind[]
  readonly sizeBytes: number
  /** Hex, of the whole package file. */
  readonly md5: string
  readonly sha1: string
  readonly sha256: string
  readonly sha512: string
}

/** The control fields and the digests of the package file, in one pass and without unpacking the data. */
export async function readDebControl(path: string): Promise<DebControl> {
  const hashes = {
    md5: createHash('md5'),
    sha1: createHash('sha1'),
    sha256: createHash('sha256'),
    sha512: createHash('sha512'),
  }
  let sizeBytes = 0
  const count = (bytes: number): void => {
    sizeBytes += bytes
  }
  const compressions: CompressionKind[] = []
  const controlFiles = await namedErrors(path, async () => {
    const files = new Map<string, Buffer>()
    const stream = hashed(openPackage(path), Object.values(hashes), count)
    await walkDeb(stream, {
      compression: (kind) => compressions.push(kind),
      control: (tar) => readControlFiles(tar, files),
    })
    return checkedControl(files)
  })
  return {
    fields: controlFiles.fields,
    text: controlFiles.text,
    compressions,
    sizeBytes,
    md5: hashes.md5.digest('hex'),
    sha1: hashes.sha1.digest('hex'),
    sha256: hashes.sha256.digest('hex'),
    sha512: hashes.sha512.digest('hex'),
  }
}

/** The installed files, in the order of the package. */
export async function readDebFiles(path: string): Promise<readonly PackageFile[]> {
  return (await readDeb(path)).files
}

export interface DebContents {
  readonly fields: readonly ControlField[]
  /** The members of control.tar by name: `control`, `md5sums`, `postinst` … */
  readonly controlFiles: ReadonlyMap<string, Buffer>
  readonly files: readonly PackageFile[]
  readonly signedBy: string | undefined
}

/** Everything but the files' bytes, which are read and compared with md5sums. */
export async function readDeb(path: string): Promise<DebContents> {
  return namedErrors(path, async () => {
    const controlFiles = new Map<string, Buffer>()
    const files: PackageFile[] = []
    const md5sums = new Map<string, string>()
    let signedBy: string | undefined
    await walkDeb(openPackage(path), {
      control: (tar) => readControlFiles(tar, controlFiles),
      data: (tar) => readDataFiles(tar, controlFiles, files, md5sums),
      extra: async (name, body) => {
        if (name === '_gpgorigin') signedBy = signerOf(await collect(body, 1 << 16))
      },
    })
    const { fields } = checkedControl(controlFiles)
    checkMd5sums(controlFiles.get('md5sums'), md5sums)
    return { fields, controlFiles, files, signedBy }
  })
}

/** What every format can say of a finished package. */
export async function readDebInfo(path: string): Promise<PackageInfo> {
  const { fields, files, signedBy } = await readDeb(path)
  return {
    format: 'deb',
    name: fieldOf(fields, 'Package') ?? '',
    version: fieldOf(fields, 'Version') ?? '',
    architecture: fieldOf(fields, 'Architecture') ?? '',
    files,
    ...(signedBy === undefined ? {} : { signedBy }),
  }
}

const openPackage = (path: string): ByteStream => bytesOfFile(path)

async function* hashed(
  stream: ByteStream,
  hashes: readonly Hash[],
  count: (bytes: number) => void,
): ByteStream {
  for await (const piece of stream) {
    for (const hash of hashes) hash.update(piece)
    count(piece.length)
    yield piece
  }
}

const controlFileSizeBytesMax = 32 << 20

export async function readControlFiles(tar: ByteStream, files: Map<string, Buffer>): Promise<void> {
  for await (const entry of readTar(tar, { purpose: 'install', entriesMax: 1000 })) {
    if (entry.type !== 'file') continue
    files.set(entry.path, await collect(entry.body(), controlFileSizeBytesMax))
  }
}

async function readDataFiles(
  tar: ByteStream,
  controlFiles: ReadonlyMap<string, Buffer>,
  files: PackageFile[],
  md5sums: Map<string, string>,
): Promise<void> {
  const conffiles = new Set(linesOf(controlFiles.get('conffiles')).map((line) => line.split(' ')[0] ?? ''))
  for await (const entry of readTar(tar, { purpose: 'install' })) {
    if (entry.type === 'file') md5sums.set(entry.path, await md5Of(entry.body()))
    // A hard link is one more name of an earlier file, with a line in md5sums of its own.
    const linked = entry.type === 'hardlink' ? md5sums.get(entry.target ?? '') : undefined
    if (linked !== undefined) md5sums.set(entry.path, linked)
    if (entry.path !== '') files.push(packageFile(entry, conffiles))
  }
}

function packageFile(entry: TarEntry, conffiles: ReadonlySet<string>): PackageFile {
  const path = `/${entry.path}`
  return {
    path,
    type: entry.type === 'hardlink' ? 'file' : entry.type,
    mode: entry.mode,
    owner: entry.owner === '' ? String(entry.ownerId) : entry.owner,
    group: entry.group === '' ? String(entry.groupId) : entry.group,
    sizeBytes: entry.sizeBytes,
    ...(entry.type === 'symlink' && entry.target !== undefined ? { target: entry.target } : {}),
    isConfig: conffiles.has(path),
  }
}

function checkedControl(files: ReadonlyMap<string, Buffer>): {
  fields: readonly ControlField[]
  text: string
} {
  const control = files.get('control')
  if (control === undefined) throw damaged('control.tar has no file "control".')
  const text = control.toString('utf8')
  const fields = parseControl(text)
  for (const name of ['Package', 'Version', 'Architecture']) {
    if ((fieldOf(fields, name) ?? '') === '') throw damaged(`The control file has no field "${name}".`)
  }
  return { fields, text }
}

function checkMd5sums(md5sums: Buffer | undefined, actual: ReadonlyMap<string, string>): void {
  for (const line of linesOf(md5sums)) {
    const [, written, path] = /^([0-9a-f]{32}) [ *](.+)$/.exec(line) ?? []
    if (written === undefined || path === undefined)
      throw damaged(`md5sums has the malformed line "${line}".`)
    const found = actual.get(path)
    if (found === undefined) throw damaged(`md5sums names "${path}", which the package does not contain.`)
    if (found !== written)
      throw damaged(`The file "${path}" has the MD5 sum ${found}, and md5sums says ${written}.`)
  }
}

const linesOf = (file: Buffer | undefined): string[] =>
  file === undefined
    ? []
    : file
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '')

async function md5Of(body: ByteStream): Promise<string> {
  const hash = createHash('md5')
  for await (const piece of body) hash.update(piece)
  return hash.digest('hex')
}

async function collect(body: ByteStream, sizeBytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const piece of body) {
    sizeBytes += piece.length
    if (sizeBytes > sizeBytesMax) throw damaged(`A control file is larger than ${sizeBytesMax} bytes.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** The archive's own errors know the offset, not the file. */
async function namedErrors<Value>(path: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof UserError) {
      const hint = error.hint === undefined ? {} : { hint: error.hint }
      throw new UserError(error.code, `The package "${path}" cannot be used. ${error.message}`, {
        ...hint,
        cause: error,
      })
    }
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const reason = unreadableReasons[String(error.code)]
  if (reason === undefined) return error
  return new UserError('DEB_UNREADABLE', `The package "${path}" cannot be read: ${reason}.`, {
    hint: 'Check the path and its permissions.',
    cause: error,
  })
}

const unreadableReasons: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file',
  EACCES: 'permission is denied',
  EISDIR: 'it is a folder',
}

function damaged(message: string): UserError {
  return new UserError('DEB_DAMAGED', message, { hint: 'Fetch or build the package again.' })
}
