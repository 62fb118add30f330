import { readdir } from 'node:fs/promises'
import { type FactReader, fieldsOf, readText, summaryFrom } from './facts.ts'

/** An rpm spec: the preamble's texts that contain no macro. */
export const fromSpec: FactReader = async (project) => {
  const file = (await readdir(project.root)).sort().find((name) => name.endsWith('.spec'))
  const text = file === undefined ? undefined : await readText(project, file)
  const preamble = text?.split(/^%(?:description|prep|package|build|install)\b/m)[0]
  if (preamble === undefined) return {}
  const values = (tag: string) =>
    [...preamble.matchAll(new RegExp(`^${tag}:[ \\t]*(.+)$`, 'gmi'))].flatMap(([, value = '']) =>
      value.includes('%') ? [] : [value.trim()],
    )
  const [name] = values('Name')
  return {
    ...(name === undefined ? {} : { project: name }),
    fields: fieldsOf({
      summary: summaryFrom(values('Summary')[0]),
      license: values('License')[0],
      homepage: values('URL')[0],
      vendor: values('Vendor')[0],
      depends: values('Requires'),
    }),
    notes: [`Package fields were taken from ${file}; its macros were left out.`],
  }
}
