import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import type { Contender } from './contender.ts'
import { timed } from './timed.ts'

const launcher = resolve(import.meta.dirname, '../../build/npm/bin/hawser.js')

export interface OursOptions {
  readonly format: 'apt' | 'dnf'
  /** As it stands in hawser.yaml. */
  readonly storage: string
  readonly environment?: NodeJS.ProcessEnv
}

/** `hawser repo add` of the package as it is published, the whole process: Node, config, git, keys, signatures, reading back. */
export async function ours(
  folder: string,
  { format, storage, environment = {} }: OursOptions,
): Promise<Contender> {
  mkdirSync(folder, { recursive: true })
  const { privateKeyArmored } = await generateKey({
    userId: 'Benchmark <benchmark@example.org>',
    algorithm: 'rsa4096',
    date: new Date('2025-01-01T00:00:00Z'),
  })
  writeFileSync(join(folder, 'key.asc'), privateKeyArmored, { mode: 0o600 })
  writeFileSync(join(folder, 'hawser.yaml'), configOf(format, storage))
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' })
  git('init', '-q')
  git('add', 'hawser.yaml')
  git('-c', 'user.name=b', '-c', 'user.email=b@example.org', 'commit', '-qm', 'Benchmark')
  const add = async (files: readonly string[]) => {
    const packages = join(folder, 'packages')
    rmSync(packages, { recursive: true, force: true })
    mkdirSync(packages)
    for (const file of files) linkSync(file, join(packages, basename(file)))
    const command = `${process.execPath} ${launcher} repo add packages ${packages} -q`
    return timed({ command, cwd: folder, environment })
  }
  return { name: `hawser (${format})`, start: add, add }
}

const configOf = (format: string, storage: string): string => `project: benchmark
keys:
  release: { openpgp: { key: "file:key.asc" } }
repositories:
  packages:
    ${format}: ${format === 'apt' ? '{ suite: stable, architectures: [amd64] }' : '{ unsignedPackages: allow }'}
    storage: ${storage}
    keys: [release]
    packages: []
`
