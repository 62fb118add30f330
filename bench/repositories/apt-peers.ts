import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from './contender.ts'
import { timed } from './timed.ts'

/** None of them signs: that only makes them faster. */
export function aptly(folder: string, { contents }: { readonly contents: boolean }): Contender {
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'aptly.conf')
  writeFileSync(config, JSON.stringify({ rootDir: join(folder, 'aptly'), architectures: ['amd64'] }))
  const run = (line: string) => `aptly -config=${config} ${line}`
  const flags = `-skip-signing ${contents ? '' : '-skip-contents -skip-bz2'}`
  const add = (files: readonly string[]): string => {
    const list = join(folder, 'files')
    writeFileSync(list, files.join('\n'))
    return `xargs -a ${list} ${run('repo add r')}`
  }
  return {
    name: contents ? 'aptly' : 'aptly, no Contents',
    start: async (files) =>
      timed({
        command: `${run('repo create r')}; ${add(files)}; ${run(`publish repo ${flags} -distribution=stable r`)}`,
      }),
    add: async (files) => timed({ command: `${add(files)}; ${run(`publish update ${flags} stable`)}` }),
  }
}

export function reprepro(folder: string): Contender {
  mkdirSync(join(folder, 'conf'), { recursive: true })
  writeFileSync(
    join(folder, 'conf/distributions'),
    'Codename: stable\nArchitectures: amd64\nComponents: main\n',
  )
  const add = async (files: readonly string[]) => {
    const list = join(folder, 'files')
    writeFileSync(list, files.join('\n'))
    return timed({ command: `xargs -a ${list} reprepro --silent -b ${folder} includedeb stable` })
  }
  return { name: 'reprepro', start: add, add }
}

export function aptFtparchive(folder: string): Contender {
  const pool = join(folder, 'pool')
  mkdirSync(pool, { recursive: true })
  const index = 'dists/stable/main/binary-amd64'
  mkdirSync(join(folder, index), { recursive: true })
  const publish = [
    `apt-ftparchive --db cache.db packages pool > ${index}/Packages`,
    `gzip -9nkf ${index}/Packages`,
    'apt-ftparchive release dists/stable > Release',
    'mv Release dists/stable/Release',
  ].join('\n')
  const add = async (files: readonly string[]) => {
    const list = join(folder, 'files')
    writeFileSync(list, files.join('\n'))
    return timed({ command: `xargs -a ${list} cp -t pool\n${publish}`, cwd: folder })
  }
  return { name: 'apt-ftparchive', start: add, add }
}
