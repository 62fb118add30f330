import { readFileSync } from 'node:fs'

/** The version in package.json, which is two folders up from the sources and from the build alike. */
export function hawserVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version)
  throw new Error('package.json has no version, although npm refuses to publish without one.')
}
