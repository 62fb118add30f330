// node openapi-subset.ts api.github.com.json: makes openapi.json.gz anew from GitHub's published description (see openapi.md).
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Definition = { readonly [key: string]: Json }

const repositoryPaths = [
  '',
  '/actions/(artifacts|jobs|runs|workflows)',
  '/branches',
  '/check-',
  '/codeowners',
  '/collaborators',
  '/commits',
  '/compare',
  '/contents',
  '/git/',
  '/immutable-releases',
  '/installation',
  '/issues',
  '/labels',
  '/pulls',
  '/releases',
  '/statuses',
  '/tags',
]
const wanted = new RegExp(
  `^(/repos/\\{owner\\}/\\{repo\\}(${repositoryPaths.map((path) => (path === '' ? '$' : path)).join('|')})` +
    '|/app|/installation|/user$|/rate_limit|/meta$|/orgs/\\{org\\}/teams/\\{team_slug\\}/member)',
)

function subset(description: Definition): Definition {
  const paths = Object.fromEntries(
    Object.entries(description['paths'] as Definition).filter(([path]) => wanted.test(path)),
  )
  const components: Record<string, Record<string, Json>> = {}
  const collect = (value: Json | undefined): void => {
    if (value === undefined || value === null || typeof value !== 'object') return
    const reference = Array.isArray(value) ? undefined : (value as Definition)['$ref']
    if (typeof reference === 'string') {
      const [, , group = '', name = ''] = reference.split('/')
      components[group] ??= {}
      if (components[group][name] === undefined) {
        const target = ((description['components'] as Definition)[group] as Definition)[name] as Json
        components[group][name] = target
        collect(target)
      }
    }
    for (const child of Object.values(value)) collect(child)
  }
  collect(paths)
  return { openapi: description['openapi'] as Json, info: description['info'] as Json, paths, components }
}

/** Without what is only for people. */
function stripped(value: Json): Json {
  if (Array.isArray(value)) return value.map(stripped)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, child]) => !isProse(key, child))
      .map(([key, child]) => [key, stripped(child)]),
  )
}

function isProse(key: string, child: Json): boolean {
  if (key === 'description' || key === 'summary') return typeof child === 'string'
  if (!['example', 'examples', 'externalDocs', 'x-github'].includes(key)) return false
  // A property may have such a name.
  return child === null || typeof child !== 'object' || !('type' in child)
}

const [, , from = 'api.github.com.json'] = process.argv
const small = stripped(subset(JSON.parse(readFileSync(from, 'utf8')) as Definition))
writeFileSync(
  fileURLToPath(new URL('openapi.json.gz', import.meta.url)),
  gzipSync(JSON.stringify(small), { level: 9 }),
)
