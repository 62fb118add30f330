import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, hexOf } from '../../src/lib/digest.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { putSample, textFile } from '../oci/sample-image.ts'
import { standIn } from './ket-downloads.ts'

export const example = join(import.meta.dirname, '../../examples/ket-packages')

/** The example's hawser.yaml with the pins of the stand-ins, whatever pins it has. */
export async function pinnedExample(): Promise<string> {
  let text = await readFile(join(example, 'hawser.yaml'), 'utf8')
  for (const { path, pin } of downloadsIn(text)) {
    const bytes = await standIn(path)
    if (bytes === undefined) throw new Error(`Nothing stands in for ${path}`)
    text = text.replace(pin, pin.replace(/[0-9a-f]{64}/, hexOf(digestOf(bytes))))
  }
  const layout = await mkdtemp(join(tmpdir(), 'hawser-ket-images-'))
  try {
    for (const image of imagesIn(text)) {
      const digest = await putImage(openLayout(layout), image)
      text = text.replace(image.pin, image.pin.replace(/sha256:[0-9a-f]{64}/, digest))
    }
  } finally {
    await rm(layout, { recursive: true, force: true })
  }
  return text
}

/** The text from an address to its pin, and the address without what stands before its host. */
function downloadsIn(text: string): readonly { readonly path: string; readonly pin: string }[] {
  const versions = new Map(
    [...text.matchAll(/^ {2}(?<name>[a-z-]+): \{ version: (?<version>\S+) \}/gm)].map(({ groups }) => [
      groups?.['name'] ?? '',
      groups?.['version'] ?? '',
    ]),
  )
  const found = text.matchAll(/url: '\$\{inputs\.downloads\}(?<path>[^']+)'\n\s+sha256: '?[0-9a-f]{64}/g)
  return [...found].map(({ groups, 0: pin }) => ({
    pin,
    path: (groups?.['path'] ?? '').replace(
      /\$\{components\.([a-z-]+)\.version\}/g,
      (_, name: string) => versions.get(name) ?? '',
    ),
  }))
}

export interface StandInImage {
  /** `gcr.io/google_containers/pause-amd64`. */
  readonly name: string
  /** What it is called when it is loaded. */
  readonly tag: string
  /** The text that pins it. */
  readonly pin: string
}

export const imagesIn = (text: string): readonly StandInImage[] =>
  [
    ...text.matchAll(
      /reference: '\$\{inputs\.registry\}(?<name>[^@]+)@sha256:[0-9a-f]{64}', tag: '(?<tag>[^']+)'/g,
    ),
  ].map(({ groups, 0: pin }) => ({ pin, name: groups?.['name'] ?? '', tag: groups?.['tag'] ?? '' }))

/** A small image in the place of a real one; its digest. */
export async function putImage(to: OciStore, { name, tag }: StandInImage): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'hawser-ket-image-'))
  try {
    const { digest } = await putSample(
      to,
      tag.slice(tag.lastIndexOf(':') + 1),
      [[textFile('stand-in', `${name} as ${tag}\n`)]],
      {
        scratch,
        // So that the digest is no matter of the compressor's version.
        compression: 'none',
        platforms: [{ os: 'linux', architecture: 'amd64' }],
      },
    )
    return digest
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
