import { posix } from 'node:path'

/** The last part of an address, as people would write it. */
export function fileNameOf(url: URL): string {
  const last = posix.basename(url.pathname) || 'download'
  // What is no name when it is decoded stays encoded: control characters, slashes, bytes that are not UTF-8.
  const decoded = decodedName(last)
  return decoded === undefined || /[/\p{Cc}]/u.test(decoded) ? last : decoded
}

function decodedName(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
