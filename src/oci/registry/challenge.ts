/** RFC 9110, 11.6.1, as far as registries use it. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer'
      readonly realm: string
      readonly service: string | undefined
      readonly scope: string | undefined
    }

/** The first challenge that is understood; Bearer before Basic. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined) return undefined
  const bearer = /(?:^|,)\s*bearer\s+(.*)$/is.exec(header)
  if (bearer !== null) {
    const parameters = parametersOf(bearer[1] ?? '')
    const realm = parameters.get('realm')
    if (realm !== undefined) {
      return { scheme: 'bearer', realm, service: parameters.get('service'), scope: parameters.get('scope') }
    }
  }
  return /(?:^|,)\s*basic\b/i.test(header) ? { scheme: 'basic' } : undefined
}

function parametersOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const form = /\s*,?\s*([a-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/giy
  for (let match = form.exec(text); match !== null; match = form.exec(text)) {
    const [, name = '', quoted, bare] = match
    found.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '')
  }
  return found
}
