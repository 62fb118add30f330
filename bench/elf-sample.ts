import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A file of machine code, as packages hold it: this machine's own libraries and programs in a row. */
export function writeElfSample(path: string, sizeBytes: number): void {
  const file = openSync(path, 'w')
  let missing = sizeBytes
  while (missing > 0) {
    const before = missing
    for (const source of elfFiles()) {
      if (missing === 0) break
      const bytes = readFileSync(source).subarray(0, missing)
      writeSync(file, bytes)
      missing -= bytes.length
    }
    if (missing === before) throw new Error('This machine has no ELF files to make a sample of')
  }
  closeSync(file)
}

function elfFiles(): string[] {
  return ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/bin']
    .flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))
    .filter((path) => {
      const info = statSync(path, { throwIfNoEntry: false })
      return info?.isFile() === true && info.size > 50_000 && info.size < 60_000_000
    })
}

function namesIn(folder: string): string[] {
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(folder).sort()
}
