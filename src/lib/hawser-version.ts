import { existsSync, readFileSync } from 'node:fs'

/** The version in our package.json: that of the nearest folder above, wherever the build put this code. */
export function hawserVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(manifestAbove(new URL('.', import.meta.url)), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version)
  throw new Error('package.json has no version, although npm refuses to publish without one.')
}

function manifestAbove(folder: URL): URL {
  const manifest = new URL('package.json', folder)
  if (existsSync(manifest)) return manifest
  const above = new URL('..', folder)
  if (above.href === folder.href) throw new Error('There is no package.json above the code of Hawser.')
  return manifestAbove(above)
}
