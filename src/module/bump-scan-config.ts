import { isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml'
import { UserError } from '../errors.ts'
import { changedImage, type ImageChange, nameOf } from './render/images.ts'
import { setText } from './render/manifest-tree.ts'
import { readScanConfig } from './scan-config.ts'

export interface ScanConfigBump {
  /** The version that is being released. */
  readonly rcTag?: string | undefined
  /** Which image becomes which; every one has to be in the file. */
  readonly images: readonly ImageChange[]
}

/** The file for a release: its tag and images set, everything else (keys old or new, comments, order) as it was. */
export function bumpScanConfig(text: string, where: string, { rcTag, images }: ScanConfigBump): string {
  const before = readScanConfig(text, where)
  const document = parseDocument(text, { schema: 'failsafe' })
  const root: unknown = document.contents
  if (!isMap(root)) throw new Error('The reader takes mappings only')
  if (rcTag !== undefined) setText(root, 'rc-tag', rcTag)
  for (const change of images) bumpImage(root, change, before.images, where)
  return document.toString({ lineWidth: 0 })
}

function bumpImage(root: YAMLMap, change: ImageChange, known: readonly string[], where: string): void {
  const items = ['protecode', 'bdba'].flatMap((key) => {
    const list = root.get(key, true) as unknown
    return isSeq(list) ? list.items.filter((item) => isScalar(item)) : []
  })
  const found = items.filter(({ value }) => typeof value === 'string' && nameOf(value).name === change.name)
  if (found.length === 0) {
    throw new UserError('SCAN_CONFIG', `${where} does not name the image "${change.name}".`, {
      hint: `It names: ${known.map((image) => nameOf(image).name).join(', ') || 'none'}. Add the image, or correct its name.`,
    })
  }
  for (const scalar of found) scalar.value = changedImage(String(scalar.value), change)
}
