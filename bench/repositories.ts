// Repositories: adding packages to many, the whole command beside those of the peers. repositories.ts [--full] [--only=apt|dnf] [--sizes=1000,10000] [--json=FILE]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { aptFtparchive, aptly, reprepro } from './repositories/apt-peers.ts'
import type { Contender } from './repositories/contender.ts'
import { makeDebs } from './repositories/debs.ts'
import { millionPart } from './repositories/million.ts'
import { ours } from './repositories/ours.ts'
import { createrepo } from './repositories/rpm-peers.ts'
import { makeRpms } from './repositories/rpms.ts'
import { s3Part } from './repositories/s3.ts'
import { median, type Timed } from './repositories/timed.ts'

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    sizes: { type: 'string' },
    json: { type: 'string' },
  },
})
const sizes = (values.sizes ?? (values.full ? '1000,10000,50000' : '1000,10000')).split(',').map(Number)
const parts = values.only?.split(',') ?? ['apt', 'dnf', 's3', ...(values.full ? ['million'] : [])]
const runs = 5
const batch = 1000

interface Row extends Timed {
  readonly part: string
  readonly size: number
  readonly work: 'all' | 'one' | 'thousand'
  readonly tool: string
}

const rows: Row[] = []

async function comparePart(part: 'apt' | 'dnf'): Promise<void> {
  for (const size of sizes) {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-repositories-'))
    try {
      const files = await samplesOf(part, join(folder, 'files'), size + runs + batch)
      const contenders = await contendersOf(part, folder)
      await measureAll(part, size, contenders, files)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

const samplesOf = async (part: 'apt' | 'dnf', folder: string, count: number): Promise<readonly string[]> =>
  part === 'apt' ? makeDebs(folder, 0, count).map(({ file }) => file) : makeRpms(folder, 0, count)

async function contendersOf(part: 'apt' | 'dnf', folder: string): Promise<readonly Contender[]> {
  const own = await ours(join(folder, 'ours'), { format: part, storage: '{ file: { path: repository } }' })
  if (part === 'dnf') return [own, createrepo(join(folder, 'createrepo'))]
  return [
    own,
    aptly(join(folder, 'aptly'), { contents: true }),
    aptly(join(folder, 'aptly-plain'), { contents: false }),
    reprepro(join(folder, 'reprepro')),
    aptFtparchive(join(folder, 'ftparchive')),
  ]
}

async function measureAll(
  part: string,
  size: number,
  contenders: readonly Contender[],
  files: readonly string[],
): Promise<void> {
  for (const contender of contenders) {
    const started = await contender.start(files.slice(0, size))
    if (started !== undefined) note({ part, size, work: 'all', tool: contender.name, ...started })
  }
  const ones = new Map<Contender, Timed[]>(contenders.map((contender) => [contender, []]))
  // In turns, so that a busy machine is busy for all.
  for (let run = 0; run < runs; run++) {
    for (const [contender, times] of ones)
      times.push(await contender.add(files.slice(size + run, size + run + 1)))
  }
  for (const [contender, times] of ones)
    note({ part, size, work: 'one', tool: contender.name, ...median(times) })
  for (const contender of contenders) {
    const added = await contender.add(files.slice(size + runs))
    note({ part, size, work: 'thousand', tool: contender.name, ...added })
  }
  for (const work of ['all', 'one', 'thousand'] as const) ratio(part, size, work)
}

function note(row: Row): void {
  rows.push(row)
  const { part, size, work, tool, seconds, cpuSeconds, peakMiB, writtenBytes } = row
  console.log(
    `| ${part} | ${size} | ${work} | ${tool} | ${seconds.toFixed(3)} s | ${cpuSeconds.toFixed(2)} s | ${peakMiB.toFixed(0)} MiB | ${(writtenBytes / 1e6).toFixed(2)} MB |`,
  )
}

const goals = { all: 1, one: 1 / 20, thousand: 1 / 2 }

function ratio(part: string, size: number, work: Row['work']): void {
  const found = rows.filter((row) => row.part === part && row.size === size && row.work === work)
  const own = found.find(({ tool }) => tool.startsWith('hawser'))
  const best = found.filter((row) => row !== own).toSorted((a, b) => a.seconds - b.seconds)[0]
  if (own === undefined || best === undefined) return
  const value = own.seconds / best.seconds
  const goal = goals[work]
  const verdict = value <= goal ? 'reached' : 'missed'
  console.log(
    `  ${part}, ${size}, ${work}: ratio ${value.toFixed(3)} to ${best.tool}; goal ${goal}: ${verdict}`,
  )
}

function growth(part: string): void {
  const own = rows.filter((row) => row.part === part && row.work === 'one' && row.tool.startsWith('hawser'))
  const [first, last] = [own[0], own.at(-1)]
  if (first === undefined || last === undefined || first === last) return
  const value = last.seconds / first.seconds
  console.log(
    `  ${part}: adding one to ${last.size} takes ${value.toFixed(2)} times as long as to ${first.size}; goal 2`,
  )
}

// What users install, not this checkout.
execFileSync(process.execPath, [join(import.meta.dirname, '../scripts/pack.ts')], { stdio: 'ignore' })
console.log(
  '| part | packages | added | tool | wall | CPU | peak | written |\n| --- | --- | --- | --- | --- | --- | --- | --- |',
)
for (const part of ['apt', 'dnf'] as const) {
  if (!parts.includes(part)) continue
  await comparePart(part)
  growth(part)
}
if (parts.includes('s3')) await s3Part(sizes)
if (parts.includes('million')) await millionPart()
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
