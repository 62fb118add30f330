import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModuleDeclaration, ModuleFile, ModuleInputs } from '../module-declaration.ts'
import type { ScanConfig } from '../scan-config.ts'

const folder = join(import.meta.dirname, 'module')
const file = (name: string): ModuleFile => ({ name, bytes: readFileSync(join(folder, name)) })

export const sampleScan: ScanConfig = {
  moduleName: 'btp-operator',
  images: ['registry.example.org/prod/btp-manager:1.2.0'],
  source: { language: 'golang-mod', subprojects: false, exclude: ['**/*_test.go', 'hack/**'] },
}

export const sampleInputs: ModuleInputs = {
  manifest: file('manifest.yaml'),
  defaultCr: file('default-cr.yaml'),
  scan: sampleScan,
  source: {
    repositoryUrl: 'https://github.com/example/btp-manager',
    commit: '0123456789abcdef0123456789abcdef01234567',
    ref: 'refs/heads/main',
  },
}

/** As the origin's release declared it. */
export const originModule: ModuleDeclaration = {
  profile: 'cli-v2',
  componentName: 'kyma.project.io/module/btp-operator',
  version: 'v1.2.0',
  registry: 'registry.example.org/prod/unsigned',
  channel: 'alpha',
  templates: [
    { fileName: 'template.yaml', target: 'remote' },
    { fileName: 'template_control_plane.yaml', target: 'control-plane' },
  ],
}

export const modulectlModule: ModuleDeclaration = {
  profile: 'modulectl-2',
  componentName: 'kyma-project.io/module/btp-operator',
  version: '1.2.0',
  registry: 'registry.example.org/prod',
  repository: 'https://github.com/example/btp-manager',
  documentation: 'https://example.org/btp-manager',
  icons: { 'module-icon': 'https://example.org/icon.svg' },
  links: { guide: 'https://example.org/guide' },
  securityScan: true,
  manager: {
    name: 'btp-manager-controller',
    namespace: 'kyma-system',
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
  },
  templates: [{ fileName: 'template.yaml', target: 'remote' }],
}
