// npm test: everything, on real tools. Installs what is missing where it may.
import { spawnSync } from 'node:child_process'
import { debianPackageList, requireDebianPackages } from './debian.ts'

requireDebianPackages(debianPackageList(new URL('debian-packages.txt', import.meta.url)), 'The test suite')
const vitest = spawnSync('vitest', ['run', ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(vitest.status ?? 1)
