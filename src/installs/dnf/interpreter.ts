import { open } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { codeOf } from '../../lib/atomic-file.ts'
import type { Environment } from '../../lib/child.ts'

/** dnf 4 by its names; dnf 5 is another program without this library. */
const names = ['dnf', 'dnf-3', 'dnf4']

/** The Python that dnf 4 runs in, with its options, from the first line of its program. Undefined: it is not here. */
export async function dnfInterpreter({ PATH = '' }: Environment): Promise<readonly string[] | undefined> {
  for (const name of names) {
    for (const folder of PATH.split(delimiter).filter(isAbsolute)) {
      const found = /^#!\s*(\S*python\S*)(?:\s+(\S+))?/.exec(await firstLine(join(folder, name)))
      if (found?.[1] !== undefined) return [found[1], ...(found[2] === undefined ? [] : [found[2]])]
    }
  }
  return undefined
}

async function firstLine(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0)
    return buffer.subarray(0, bytesRead).toString('latin1').split('\n', 1)[0] ?? ''
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'].includes(codeOf(error) ?? '')) return ''
    throw error
  }
}
