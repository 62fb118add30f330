// npm run demo:packages: the package release of examples/ket-packages, whole and twice, on this machine: a real S3 service and a registry; two
// repositories of GitHub and the hosts of upstream's downloads stand in for the real ones.
import { gunzipSync } from 'node:zlib'
import { debianPackageList, requireDebianPackages } from './debian.ts'

requireDebianPackages(debianPackageList(new URL('debian-packages.txt', import.meta.url)), 'The demonstration')
const { packageWorld } = await import('../test/acceptance/package-world.ts')
const { produce, pushBranch, stage } = await import('../test/acceptance/package-flow.ts')
const say = (text: string): void => void process.stderr.write(text)
const world = await packageWorld()
try {
  for (const build of [1, 2]) {
    say(`\n--- a commit on dev: build ${build} ---\n`)
    await pushBranch(world, 'dev', { 'NOTES.md': `Build ${build}.\n` })
    const { version } = await stage(world, say)
    say(`\n--- dev is merged into main: ${version} to production ---\n`)
    const { code } = await produce(world, version, say)
    if (code !== 0) throw new Error(`The release ${version} ended with ${code}`)
  }
  const { buckets, s3, ket } = world
  const index = await fetch(
    `${s3.endpoint}/${buckets.DEB_REPO_PRODUCTION}/dists/xenial/main/binary-amd64/Packages.gz`,
  )
  const text = gunzipSync(await index.arrayBuffer()).toString()
  const names = [...text.matchAll(/^Filename: .*\/(.*)$/gm)].map(([, name]) => name)
  console.log(`\nin production:\n  ${names.toSorted().join('\n  ')}`)
  console.log(`merged in KET: ${ket.world.pulls.map(({ title }) => title).join(', ')}`)
} finally {
  await world.stop()
}
