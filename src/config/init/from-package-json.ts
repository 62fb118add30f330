import { isJsonObject } from '../json-object.ts'
import { type FactReader, fieldsOf, readText, summaryFrom, textIn } from './facts.ts'

/** npm's package.json. */
export const fromPackageJson: FactReader = async (project) => {
  const text = await readText(project, 'package.json')
  if (text === undefined) return {}
  const manifest = parsed(text)
  if (!isJsonObject(manifest))
    return { notes: ['package.json is no JSON object, so nothing was taken from it.'] }
  const name = textIn(manifest['name'])?.replace(/^@[^/]*\//, '')
  return {
    ...(name === undefined ? {} : { project: name }),
    fields: fieldsOf({
      summary: summaryFrom(textIn(manifest['description'])),
      maintainer: personText(manifest['author']),
      license: textIn(manifest['license']),
      homepage: textIn(manifest['homepage']),
    }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A text or `{ name, email, url }`. */
function personText(person: unknown): string | undefined {
  if (typeof person === 'string') return person.replace(/\s*\([^)]*\)\s*$/, '')
  if (!isJsonObject(person)) return undefined
  const [name, email] = [textIn(person['name']), textIn(person['email'])]
  return name === undefined || email === undefined ? undefined : `${name} <${email}>`
}
