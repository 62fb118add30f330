import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from './contender.ts'
import { timed } from './timed.ts'

export function createrepo(folder: string): Contender {
  const packages = join(folder, 'packages')
  mkdirSync(packages, { recursive: true })
  const run = async (files: readonly string[], flags: string) => {
    const list = join(folder, 'files')
    writeFileSync(list, files.join('\n'))
    const command = `xargs -a ${list} cp -t packages\ncreaterepo_c -q --no-database ${flags} .`
    return timed({ command, cwd: folder })
  }
  return {
    name: 'createrepo_c',
    start: (files) => run(files, ''),
    add: (files) => run(files, '--update --skip-stat'),
  }
}
