import type { Config } from '../config/config.ts'
import { jsonObject } from '../lib/json-copy.ts'
import { buildModule } from '../steps/build-module/build-module.ts'
import { pushModule } from '../steps/push-module/push-module.ts'
import { sign } from '../steps/sign/sign.ts'
import { keyId, type NodeSketch } from './node-sketch.ts'

const moduleId = (name: string): string => `module:${name}`

/** One step for each module; its files are artifacts of the release. */
export const moduleBuildNodes = ({ modules }: Config): readonly NodeSketch[] =>
  Object.values(modules).map(({ name, push: _push, sign: _sign, name: module, ...rest }) => ({
    id: moduleId(name),
    step: buildModule.name,
    options: jsonObject({ module, ...rest }),
    needs: [],
  }))

/** After the images that modules name: whoever finds a module finds its images. */
export function modulePushNodes(config: Config, before: readonly string[]): readonly NodeSketch[] {
  const { registries, keys: declared } = config
  const release = { forge: config.forge, tag: config.release.tag }
  return Object.values(config.modules).flatMap(({ name, push, sign: signers }) => {
    if (!push) return []
    const from = `push-module:${name}`
    const pushing: NodeSketch = {
      id: from,
      step: pushModule.name,
      options: jsonObject({ module: name, from: moduleId(name), registries, release }),
      needs: [...before, moduleId(name)],
    }
    if (signers.length === 0) return [pushing]
    const keys = signers.flatMap((key) => declared[key] ?? [])
    const signing: NodeSketch = {
      id: `sign-module:${name}`,
      step: sign.name,
      options: jsonObject({ from, keys, registries }),
      needs: [from, ...signers.map(keyId)],
    }
    return [pushing, signing]
  })
}
