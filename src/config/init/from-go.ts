import { type FactReader, readText } from './facts.ts'

/** go.mod: the last part of the module's path, without the major version. */
export const fromGo: FactReader = async (project) => {
  const module = /^module\s+(\S+)/m.exec((await readText(project, 'go.mod')) ?? '')?.[1]
  const name = module
    ?.replace(/\/v\d+$/, '')
    .split('/')
    .at(-1)
  return name === undefined ? {} : { project: name }
}
