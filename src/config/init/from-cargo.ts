import { type FactReader, fieldsOf, readText, summaryFrom } from './facts.ts'

/** Cargo.toml: the texts of its [package] table, which are all that is needed of TOML. */
export const fromCargo: FactReader = async (project) => {
  const text = await readText(project, 'Cargo.toml')
  const table = /^\[package\]\s*$([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(text ?? '')?.[1]
  if (table === undefined) return {}
  const value = (key: string) =>
    new RegExp(`^${key}\\s*=\\s*\\[?\\s*["']([^"'\\n]*)["']`, 'm').exec(table)?.[1]
  const name = value('name')
  return {
    ...(name === undefined ? {} : { project: name }),
    fields: fieldsOf({
      summary: summaryFrom(value('description')),
      maintainer: value('authors'),
      // Cargo once wrote "MIT/Apache-2.0" for a choice.
      license: value('license')?.replace('/', ' OR '),
      homepage: value('homepage') ?? value('repository'),
    }),
  }
}
