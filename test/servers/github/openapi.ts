import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Ajv, type ValidateFunction } from 'ajv'
import ajvFormats from 'ajv-formats'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Definition = { [key: string]: Json }

/** An operation of the description that a request asks for. */
export interface Operation {
  /** Such as `GET /repos/{owner}/{repo}`. */
  readonly name: string
  readonly path: string
  readonly method: string
  /** Decoded. */
  readonly parameters: { readonly [name: string]: string }
}

/** Of GitHub's published description (openapi.md): which operation a request is, and whether it and its answer are as described. */
export interface Description {
  match(method: string, path: string): Operation | undefined
  /** What is wrong with a request, in words. */
  requestFaults(operation: Operation, query: URLSearchParams, body: unknown): readonly string[]
  answerFaults(operation: Operation, status: number, body: unknown): readonly string[]
}

let loaded: Description | undefined

export function githubDescription(): Description {
  loaded ??= load()
  return loaded
}

const methods = ['get', 'put', 'post', 'patch', 'delete'] as const
/** Their values may have slashes. */
const widePlaceholders = /\{(ref|path|basehead|commit_sha|branch|tag)\}/g

function load(): Description {
  const packed = readFileSync(new URL('openapi.json.gz', import.meta.url))
  const description = JSON.parse(gunzipSync(packed).toString()) as Definition
  repair(description)
  // OpenAPI 3.0 names more keywords than JSON Schema has.
  const ajv = new Ajv({ strict: false, allErrors: true })
  ajvFormats.default(ajv, { mode: 'fast' })
  ajv.addFormat('repo.nwo', /^[^/]+\/[^/]+$/)
  ajv.addSchema(description, 'github')
  const compiled = new Map<string, ValidateFunction>()
  const check = (pointer: string, value: unknown): readonly string[] => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `github#${encodeURI(pointer)}` })
    compiled.set(pointer, validate)
    if (validate(value)) return []
    return (validate.errors ?? []).map(({ instancePath, message = '', params }) =>
      `${instancePath} ${message} ${JSON.stringify(params)}`.trim(),
    )
  }
  const routes = routesOf(description)
  return {
    match: (method, path) => matchIn(routes, method, path),
    requestFaults: (operation, query, body) => [
      ...queryFaults(description, operation, query),
      ...bodyFaults(description, operation, body, check),
    ],
    answerFaults: (operation, status, body) => answerFaults(description, operation, { status, body }, check),
  }
}

/** `nullable` beside no `type` means nothing to ajv, and beside `enum` too little; and an upload that broke has a state that the description forgot (it is in the documentation of uploads). */
function repair(value: Json): void {
  if (value === null || typeof value !== 'object') return
  if (!Array.isArray(value)) {
    if (value['nullable'] === true && value['type'] === undefined) {
      const { nullable: _, ...rest } = value
      for (const key of Object.keys(value)) delete value[key]
      value['anyOf'] = [rest, { type: 'null' }]
    }
    if (value['nullable'] === true && Array.isArray(value['enum'])) value['enum'].push(null)
    if (JSON.stringify(value['enum']) === '["uploaded","open"]')
      value['enum'] = ['uploaded', 'open', 'starter']
  }
  for (const child of Object.values(value)) repair(child)
}

interface Route {
  readonly path: string
  readonly method: string
  readonly pattern: RegExp
  readonly names: readonly string[]
}

function routesOf(description: Definition): readonly Route[] {
  const routes: Route[] = []
  for (const [path, item] of Object.entries(description['paths'] as Definition)) {
    const literally = path.replaceAll('.', '\\.')
    // The older of two names for one address.
    if (path.includes('...')) continue
    const pattern = new RegExp(
      `^${literally.replace(widePlaceholders, '(.+)').replace(/\{[^}]+\}/g, '([^/]+)')}$`,
    )
    const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)
    for (const method of methods)
      if ((item as Definition)[method] !== undefined) routes.push({ path, method, pattern, names })
  }
  // The more that is said literally, the better it fits.
  const literal = ({ path }: Route): number => path.replace(/\{[^}]+\}/g, '').length
  return routes.toSorted((a, b) => literal(b) - literal(a))
}

function matchIn(routes: readonly Route[], method: string, path: string): Operation | undefined {
  for (const route of routes) {
    if (route.method !== method.toLowerCase()) continue
    const found = route.pattern.exec(path)
    if (found === null) continue
    const parameters = Object.fromEntries(
      route.names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]),
    )
    return { name: `${method} ${route.path}`, path: route.path, method: route.method, parameters }
  }
  return undefined
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

function operationIn(description: Definition, { path, method }: Operation): Definition {
  return ((description['paths'] as Definition)[path] as Definition)[method] as Definition
}

function resolved(description: Definition, value: Json | undefined): Definition {
  let found = value as Definition
  while (typeof found['$ref'] === 'string') {
    let at: Json = description
    for (const key of found['$ref'].slice(2).split('/')) at = (at as Definition)[key] as Json
    found = at as Definition
  }
  return found
}

type Check = (pointer: string, value: unknown) => readonly string[]

function queryFaults(
  description: Definition,
  operation: Operation,
  query: URLSearchParams,
): readonly string[] {
  const parameters = ((operationIn(description, operation)['parameters'] ?? []) as Json[])
    .map((parameter) => resolved(description, parameter))
    .filter((parameter) => parameter['in'] === 'query')
  const known = new Set(parameters.map((parameter) => parameter['name']))
  const unknown = [...query.keys()].filter((name) => !known.has(name))
  const missing = parameters.filter(({ name, required }) => required === true && !query.has(name as string))
  const wrong = parameters.filter(({ name, schema }) => {
    const values = (schema as Definition)['enum']
    const given = query.get(name as string)
    return given !== null && Array.isArray(values) && !values.includes(given)
  })
  return [
    ...unknown.map((name) => `?${name} is no parameter of ${operation.name}`),
    ...missing.map(({ name }) => `?${name} is missing`),
    ...wrong.map(({ name }) => `?${name} has no such value as "${query.get(name as string)}"`),
  ]
}

function bodyFaults(
  description: Definition,
  operation: Operation,
  body: unknown,
  check: Check,
): readonly string[] {
  const request = operationIn(description, operation)['requestBody'] as Definition | undefined
  const json = (request?.['content'] as Definition | undefined)?.['application/json'] as
    | Definition
    | undefined
  if (json === undefined) return []
  if (body === undefined) return request?.['required'] === true ? ['the body is missing'] : []
  const pointer = `/paths/${escaped(operation.path)}/${operation.method}/requestBody/content/application~1json/schema`
  return [...unknownProperties(resolved(description, json['schema']), body), ...check(pointer, body)]
}

/** GitHub ignores them; who sends them means something by it. */
function unknownProperties(schema: Definition, body: unknown): readonly string[] {
  const properties = schema['properties'] as Definition | undefined
  if (properties === undefined || schema['additionalProperties'] !== undefined) return []
  if (typeof body !== 'object' || body === null || schema['anyOf'] !== undefined) return []
  return Object.keys(body)
    .filter((name) => properties[name] === undefined)
    .map((name) => `/${name} is not known`)
}

/** Described for all operations together, in GitHub's documentation. */
const commonStatuses = new Set([304, 400, 401, 403, 404, 422, 429, 500, 502, 503])

function answerFaults(
  description: Definition,
  operation: Operation,
  { status, body }: { readonly status: number; readonly body: unknown },
  check: Check,
): readonly string[] {
  const responses = operationIn(description, operation)['responses'] as Definition
  const response = responses[String(status)]
  if (response === undefined)
    return commonStatuses.has(status) ? [] : [`${operation.name} has no answer with status ${status}`]
  const isShared = typeof (response as Definition)['$ref'] === 'string'
  const base = isShared
    ? String((response as Definition)['$ref']).slice(1)
    : `/paths/${escaped(operation.path)}/${operation.method}/responses/${status}`
  const content = resolved(description, response)['content'] as Definition | undefined
  if (content?.['application/json'] === undefined || body === undefined) return []
  return check(`${base}/content/application~1json/schema`, body)
}
