// npm run bench [-- NAME …]: benchmarks in bench/, the peer beside ours in one run. Without names: all of them.
import { spawnSync } from 'node:child_process'
import { debianPackageList, requireDebianPackages } from './debian.ts'

const benchmarks = ['cli', 'engine', 'deb', 'rpm', 'repositories', 'images']
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !benchmarks.includes(name))
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. Benchmarks: ${benchmarks.join(', ')}.`)
  process.exit(2)
}
requireDebianPackages(
  debianPackageList(new URL('debian-packages.txt', import.meta.url)),
  'Benchmarking beside the peers',
)
let failed = 0
for (const name of wanted.length > 0 ? wanted : benchmarks) {
  const done = spawnSync(process.execPath, [`bench/${name}.ts`], { stdio: 'inherit' })
  failed += done.status === 0 ? 0 : 1
}
process.exit(failed === 0 ? 0 : 1)
