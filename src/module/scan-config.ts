import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { Label } from './component-descriptor.ts'
import { readYamlDocument, writeYaml } from './yaml-text.ts'

/** sec-scanners-config.yaml in words that do not change; the file's own keys did. */
export interface ScanConfig {
  readonly moduleName: string
  readonly kind?: string | undefined
  readonly rcTag?: string | undefined
  readonly devBranch?: string | undefined
  /** Images that are scanned: `bdba`, once `protecode`. */
  readonly images: readonly string[]
  /** Source code: `mend`, once `whitesource`. */
  readonly source?: SourceScan | undefined
  readonly checkmarx?: { readonly preset: string; readonly exclude?: readonly string[] } | undefined
}

export interface SourceScan {
  readonly language: string
  readonly subprojects?: boolean | string | undefined
  readonly exclude?: readonly string[] | undefined
}

export type ScanConfigKeys = 'old' | 'new'

const words = {
  old: { images: 'protecode', source: 'whitesource' },
  new: { images: 'bdba', source: 'mend' },
} as const

const list = z.array(z.string()).nullish()
const text = z.string().nullish()
const source = z
  .looseObject({ language: text, subprojects: z.union([z.boolean(), z.string()]).nullish(), exclude: list })
  .nullish()
const schema = z.looseObject({
  'module-name': text,
  kind: text,
  'rc-tag': text,
  'dev-branch': text,
  protecode: list,
  bdba: list,
  whitesource: source,
  mend: source,
  'checkmarx-one': z.looseObject({ preset: text, exclude: list }).nullish(),
})

/** Old keys win over new ones, as in the tools that read both. Keys that no tool knows are left alone. */
export function readScanConfig(content: string, where: string): ScanConfig {
  const parsed = schema.safeParse(readYamlDocument(content, where))
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
    throw new UserError('SCAN_CONFIG', `${where} is no configuration of scanners:\n${lines.join('\n')}`, {
      hint: 'Its keys are module-name, rc-tag, dev-branch, bdba (or protecode), mend (or whitesource) and checkmarx-one.',
    })
  }
  const found = parsed.data
  const code = found.whitesource ?? found.mend
  const checkmarx = found['checkmarx-one']
  return {
    moduleName: found['module-name'] ?? '',
    kind: found.kind ?? undefined,
    rcTag: found['rc-tag'] ?? undefined,
    devBranch: found['dev-branch'] ?? undefined,
    images: found.protecode ?? found.bdba ?? [],
    ...(code && {
      source: {
        language: code.language ?? '',
        subprojects: code.subprojects ?? undefined,
        exclude: code.exclude ?? undefined,
      },
    }),
    ...(checkmarx && { checkmarx: { preset: checkmarx.preset ?? '', exclude: checkmarx.exclude ?? [] } }),
  }
}

/** Keys in the order of the files that people keep. */
export function writeScanConfig(config: ScanConfig, keys: ScanConfigKeys): string {
  const { images, source: sourceKey } = words[keys]
  return writeYaml({
    'module-name': config.moduleName,
    kind: config.kind,
    'rc-tag': config.rcTag,
    'dev-branch': config.devBranch,
    [images]: config.images,
    [sourceKey]: config.source && {
      language: config.source.language,
      subprojects: config.source.subprojects,
      exclude: config.source.exclude,
    },
    'checkmarx-one': config.checkmarx,
  })
}

export const scanLabelPrefix = 'scan.security.kyma-project.io/'

export const scanLabel = (name: string, value: string): Label => ({
  name: `${scanLabelPrefix}${name}`,
  value,
  version: 'v1',
})

export const scanEnabledLabel: Label = {
  name: 'security.kyma-project.io/scan',
  value: 'enabled',
  version: 'v1',
}

export const thirdPartyImageLabel: Label = scanLabel('type', 'third-party-image')

/** In the tools' order; written even when there is no value, since scanners look for the label. */
export const sourceScanLabels = ({ rcTag, devBranch, source: code }: ScanConfig): readonly Label[] => [
  scanLabel('rc-tag', rcTag ?? ''),
  scanLabel('language', code?.language ?? ''),
  scanLabel('dev-branch', devBranch ?? ''),
  scanLabel('subprojects', String(code?.subprojects ?? '')),
  scanLabel('exclude', (code?.exclude ?? []).join(',')),
]
