import { arMagic, arPadding, encodeArHeader } from '../../archive/ar.ts'
import { compress } from '../../archive/compress.ts'
import type { ByteStream } from '../../archive/compression.ts'
import { type TarInput, writeTar } from '../../archive/write-tar.ts'
import type { Signer } from '../../signing/signer.ts'
import type { PackageCompression } from '../package-spec.ts'

/** One part of a .deb. */
export interface DebMember {
  readonly name: string
  readonly sizeBytes: number
  body(): ByteStream
}

export const formatVersion = '2.0\n'

export async function* debArchive(members: readonly DebMember[], mtime: number): ByteStream {
  yield Buffer.from(arMagic, 'latin1')
  for (const { name, sizeBytes, body } of members) {
    yield encodeArHeader({ name, sizeBytes, mtime })
    yield* body()
    yield arPadding(sizeBytes)
  }
}

export interface ControlFile {
  readonly name: string
  readonly bytes: Uint8Array
  readonly mode: number
}

/** control.tar, compressed; empty files are left out. */
export async function controlTar(
  files: readonly ControlFile[],
  { compression, epoch }: { readonly compression: PackageCompression; readonly epoch: number },
): Promise<Buffer> {
  const common = { owner: 'root', group: 'root', ownerId: 0, groupId: 0, mtime: epoch }
  const inputs = files
    .filter(({ bytes }) => bytes.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      ({ name, bytes, mode }): TarInput => ({
        ...common,
        type: 'file',
        path: `./${name}`,
        mode,
        sizeBytes: bytes.length,
        body: () => once(bytes),
      }),
    )
  const root: TarInput = { ...common, type: 'directory', path: '.', mode: 0o755 }
  const { kind } = compression
  return collect(compress(writeTar([root, ...inputs]), kind, { ...compression, frames: 'single' }))
}

/** debsigs: a detached signature over the three members in a row. */
export async function originSignature(
  { control, data }: { readonly control: Uint8Array; readonly data: Uint8Array },
  { signer, epoch }: { readonly signer: Signer; readonly epoch: number },
): Promise<DebMember> {
  const signed = Buffer.concat([Buffer.from(formatVersion), control, data])
  const bytes = await signer.signDetached(signed, new Date(epoch * 1000))
  return { name: '_gpgorigin', sizeBytes: bytes.length, body: () => once(bytes) }
}

export async function* once(bytes: Uint8Array): ByteStream {
  yield bytes
}

export async function collect(stream: ByteStream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}
