import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The server's path, or nothing where no platform package is installed (Windows, `npm ci --omit=optional`). */
export function restateServerBinary(): string | undefined {
  const name = `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

export function restateServerVersion(binary: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(dirname(dirname(binary)), 'package.json'), 'utf8'))
  if (manifest !== null && typeof manifest === 'object' && 'version' in manifest)
    return String(manifest.version)
  throw new Error(`The package of ${binary} has no version`)
}
