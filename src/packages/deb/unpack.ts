import type { ByteStream } from '../../archive/compression.ts'
import { readTar } from '../../archive/tar.ts'
import { bytesOfFile } from '../../lib/digest.ts'
import type { StoredFile, UnpackedPackage } from '../package-format.ts'
import { walkDeb } from './members.ts'
import { readControlFiles } from './read.ts'

/** What dpkg would install, with the bytes of each file given to `keep`; and the paragraph of its control file. */
export async function unpackDeb(
  path: string,
  keep: (body: ByteStream) => Promise<StoredFile>,
): Promise<UnpackedPackage> {
  const files: UnpackedPackage['files'][number][] = []
  const controlFiles = new Map<string, Buffer>()
  await walkDeb(bytesOfFile(path), {
    control: (tar) => readControlFiles(tar, controlFiles),
    data: async (tar) => {
      for await (const entry of readTar(tar, { purpose: 'install' })) {
        if (entry.path === '') continue
        const { mode, ownerId, groupId } = entry
        const common = { path: `/${entry.path}`, mode, ownerId, groupId }
        if (entry.type === 'directory') files.push({ ...common, type: 'directory' })
        else if (entry.type === 'symlink')
          files.push({ ...common, type: 'symlink', target: entry.target ?? '' })
        else if (entry.type === 'file') files.push({ ...common, type: 'file', ...(await keep(entry.body())) })
        else {
          const linked = files.find((file) => file.path === `/${entry.target}`)
          if (linked?.type === 'file') files.push({ ...linked, path: common.path })
        }
      }
    },
  })
  return { files, control: controlFiles.get('control')?.toString('utf8') ?? '' }
}
