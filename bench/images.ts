import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { startDockerRegistry } from '../test/servers/docker-registry.ts'
import { makeImage, makeTree } from './images/sample.ts'
import { inTurns, line } from './images/turns.ts'
import { timed } from './repositories/timed.ts'

// node bench/images.ts [copy|layers|memory …]
// Images between two registries beside skopeo, layers beside tar and pigz, and the memory that a layer of 2 GiB takes.
const [, , ...wanted] = process.argv
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name)
const memoryGoalMiB = 160
const presentGoalSeconds = 0.15

const folder = await mkdtemp(join(tmpdir(), 'hawser-bench-images-'))
const programs = join(import.meta.dirname, '../node_modules/.cache/hawser-bench-images')
try {
  // As it is published: in one file, without types.
  const [copy, build] = await Promise.all([bundled('copy'), bundled('build')])
  if (isWanted('copy')) await compareCopies(copy)
  if (isWanted('layers')) await compareLayers(build)
  if (isWanted('memory')) await showMemory(copy, build)
} finally {
  await rm(folder, { recursive: true, force: true })
  await rm(programs, { recursive: true, force: true })
}

async function bundled(name: string): Promise<string> {
  const built = await rolldown({
    input: join(import.meta.dirname, `images/${name}.ts`),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  })
  const file = join(programs, `${name}.js`)
  await built.write({ file, format: 'esm', codeSplitting: false })
  await built.close()
  // The command line keeps compiled code, too (bin/hawser.js).
  return `NODE_COMPILE_CACHE=${programs}/compiled ${process.execPath} ${file}`
}

async function compareCopies(copy: string): Promise<void> {
  const layout = join(folder, 'image')
  await makeImage(layout, { layers: 5, layerBytes: 40_000_000, compression: 'gzip' })
  const [from, to] = [await startDockerRegistry(), await startDockerRegistry()]
  try {
    await timed({ command: `${copy} oci:${layout} ${from.host}/app` })
    const peer = `skopeo --insecure-policy copy --preserve-digests --src-tls-verify=false --dest-tls-verify=false`
    const ours = `${copy} ${from.host}/app ${to.host}/app`
    const theirs = `${peer} docker://${from.host}/app:latest docker://${to.host}/app:latest`
    const prepare = () => to.empty()
    await inTurns({
      title: 'an image of 200 MB from one registry to another that has nothing of it',
      ours: { name: 'hawser', command: ours, prepare },
      peer: { name: 'skopeo', command: theirs, prepare },
      ...{ runs: 7, goal: 0.9 },
    })
    await inTurns({
      title: 'the same from a layout',
      ours: { name: 'hawser', command: `${copy} oci:${layout} ${to.host}/app`, prepare },
      peer: {
        name: 'skopeo',
        command: `${peer} oci:${layout}:latest docker://${to.host}/app:latest`,
        prepare,
      },
      ...{ runs: 7, goal: 0.9 },
    })
    const present = await inTurns({
      title: 'the same to a registry that has it',
      ours: { name: 'hawser', command: ours },
      peer: { name: 'node that starts', command: `${process.execPath} -e 0` },
      ...{ runs: 11, goal: 10 },
    })
    const above = present.ours.seconds - present.peer.seconds
    console.log(
      `  ${above.toFixed(3)} s above the start of node, goal ${presentGoalSeconds}: ${said(above <= presentGoalSeconds)}\n`,
    )
  } finally {
    await Promise.all([from.stop(), to.stop()])
  }
}

async function compareLayers(build: string): Promise<void> {
  const tree = join(folder, 'tree')
  await mkdir(tree)
  await makeTree(tree, 200)
  const output = join(folder, 'layer')
  const prepare = () => rm(output, { force: true })
  const tar = `tar --sort=name --format=posix --owner=0 --group=0 --numeric-owner --mtime=@1760000000 -C ${tree} -cf - .`
  // Against zstd there is no goal: it packs faster than a digest is computed, and we compute two.
  for (const [kind, packer, goal] of [
    ['gzip', 'pigz -6 -n', 1],
    ['zstd', 'zstd -3 -T0 -q', 4],
  ] as const) {
    await inTurns({
      title: `a layer of 200 MB with both of its digests, ${kind}; the peer computes none`,
      ours: { name: 'hawser', command: `${build} ${tree} ${kind} ${output}`, prepare },
      peer: {
        name: `tar | ${packer.split(' ')[0]}`,
        command: `${tar} | ${packer} > ${output}; sync ${output}`,
        prepare,
      },
      ...{ runs: 5, goal },
    })
  }
}

async function showMemory(copy: string, build: string): Promise<void> {
  const layout = join(folder, 'large')
  await makeImage(layout, { layers: 1, layerBytes: 2 ** 31, compression: 'none' })
  const tree = join(folder, 'large-tree')
  await mkdir(tree)
  await timed({ command: `head -c 2G /dev/urandom > ${tree}/large` })
  const [from, to] = [await startDockerRegistry(), await startDockerRegistry()]
  try {
    console.log(`a layer of 2 GiB, goal ${memoryGoalMiB} MiB at most`)
    for (const [name, command] of [
      ['layout to registry', `${copy} oci:${layout} ${from.host}/app`],
      ['between registries', `${copy} ${from.host}/app ${to.host}/app`],
      ['registry to layout', `${copy} ${to.host}/app oci:${layout}-back`],
      ['built, zstd', `${build} ${tree} zstd ${folder}/large.zst`],
      ['built, gzip', `${build} ${tree} gzip ${folder}/large.gz`],
    ] as const) {
      const result = await timed({ command })
      console.log(`${line(name, result)}: ${said(result.peakMiB <= memoryGoalMiB)}`)
    }
  } finally {
    await Promise.all([from.stop(), to.stop()])
  }
}

function said(isReached: boolean): string {
  return isReached ? 'reached' : 'MISSED'
}
