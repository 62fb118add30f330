import { UserError } from '../../errors.ts'
import type { PackageFile, PackageInfo } from '../package-format.ts'
import { checkPayload } from './check-payload.ts'
import { fileFlags, fileTypes, type RpmFileEntry } from './file-list.ts'
import { type RpmFile, readRpmHeader } from './read.ts'
import { issuerOf } from './signature.ts'
import { rpmVersionText } from './version.ts'

/** Reads a whole package and checks all of it: headers, digests, and the payload against the file list. */
export async function readRpm(path: string): Promise<PackageInfo> {
  const rpm = await readRpmHeader(path)
  if (rpm.isSource) {
    throw new UserError(
      'RPM_SOURCE_PACKAGE',
      `The file ${path} is a source package, and a binary package is needed.`,
      {
        hint: 'Name the package that was built from it.',
      },
    )
  }
  await checkPayload(path, rpm)
  const signedBy = signerOf(rpm)
  return {
    format: 'rpm',
    name: requiredText(rpm, 'name'),
    version: rpmVersionText({
      epoch: rpm.header.number('epoch') ?? 0,
      version: requiredText(rpm, 'version'),
      release: requiredText(rpm, 'release'),
    }),
    architecture: requiredText(rpm, 'arch'),
    files: rpm.files.map(packageFile),
    ...(signedBy === undefined ? {} : { signedBy }),
  }
}

function requiredText(rpm: RpmFile, tag: 'name' | 'version' | 'release' | 'arch'): string {
  const text = rpm.header.text(tag)
  if (text !== undefined && text !== '') return text
  throw new UserError('RPM_TAG_MISSING', `The main header has no ${tag}.`, {
    hint: 'Fetch or build the package again; no tool writes packages without it.',
  })
}

function packageFile(file: RpmFileEntry): PackageFile {
  const type = typeOf(file)
  return {
    path: file.path,
    type,
    mode: file.mode & 0o7777,
    owner: file.owner,
    group: file.group,
    sizeBytes: file.sizeBytes,
    ...(type === 'symlink' ? { target: file.linkTarget } : {}),
    isConfig: (file.flags & fileFlags.config) !== 0,
  }
}

function typeOf({ path, mode, flags }: RpmFileEntry): PackageFile['type'] {
  if ((flags & fileFlags.ghost) !== 0) return 'ghost'
  switch (mode & fileTypes.mask) {
    case fileTypes.file:
      return 'file'
    case fileTypes.directory:
      return 'directory'
    case fileTypes.symlink:
      return 'symlink'
  }
  throw new UserError('RPM_FILE_TYPE', `"${path}" is neither a file, a directory nor a symbolic link.`, {
    hint: 'Hawser does not handle packages with devices, sockets or pipes.',
  })
}

function signerOf({ signature }: RpmFile): string | undefined {
  const packet =
    signature.bytes('rsaHeader') ??
    signature.bytes('dsaHeader') ??
    signature.bytes('pgp') ??
    signature.bytes('gpg')
  return packet === undefined ? undefined : issuerOf(packet)
}
