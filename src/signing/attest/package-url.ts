/** Parts of a package URL. https://github.com/package-url/purl-spec */
export interface PackageUrl {
  /** Such as "deb", "rpm", "oci" or "generic". */
  readonly type: string
  /** Such as "debian", or a path of several parts. */
  readonly namespace?: string
  readonly name: string
  readonly version?: string
  /** Such as `{arch: "amd64"}`; empty values are left out. */
  readonly qualifiers?: { readonly [key: string]: string }
}

/** Canonical form: type in lower case, qualifiers sorted, everything else percent-encoded. */
export function packageUrl({ type, namespace, name, version, qualifiers = {} }: PackageUrl): string {
  const path = [...(namespace?.split('/') ?? []), name].filter((part) => part !== '').map(encoded)
  const query = Object.entries(qualifiers)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    // A slash is legal in a query, and repositories are full of them.
    .map(([key, value]) => `${key.toLowerCase()}=${encoded(value).replaceAll('%2F', '/')}`)
  const at = version === undefined ? '' : `@${encoded(version)}`
  return `pkg:${type.toLowerCase()}/${path.join('/')}${at}${query.length === 0 ? '' : `?${query.join('&')}`}`
}

/** encodeURIComponent leaves !*'() as they are. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
