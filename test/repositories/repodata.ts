import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun } from '../clients/command.ts'

/** An index of a repository, unpacked by gzip or zstd themselves. */
export async function readRepodata(folder: string, kind: string): Promise<string> {
  const repomd = await readFile(join(folder, 'repodata/repomd.xml'), 'utf8')
  const [, path] = new RegExp(`<data type="${kind}">.*?href="([^"]+)"`, 's').exec(repomd) ?? []
  if (path === undefined) throw new Error(`repomd.xml names no ${kind}`)
  return mustRun(path.endsWith('.zst') ? 'zstd' : 'gzip', ['-dc', join(folder, path)])
}

/** The packages of an index as text, by package id. */
export function packagesOf(index: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [raw] of index.matchAll(/<package .*?<\/package>/gs)) {
    const id = /pkgid="([0-9a-f]{40,})"/.exec(raw)?.[1] ?? /pkgid="YES">([^<]+)</.exec(raw)?.[1]
    if (id === undefined) throw new Error('a package without an id')
    found.set(id, raw)
  }
  return found
}

export async function listFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted()
}
