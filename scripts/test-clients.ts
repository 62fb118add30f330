// npm run test:clients: what real clients read, also those of other Debian suites, which it builds once as chroots.
import { spawnSync } from 'node:child_process'
import { buildChroot } from '../test/clients/build-chroot.ts'
import { chrootFolder, chrootSuites } from '../test/clients/chroot.ts'
import { debianPackageList, requireDebianPackages } from './debian.ts'

requireDebianPackages(debianPackageList(new URL('debian-packages.txt', import.meta.url)), 'The client tests')
const folder = chrootFolder({ ...process.env, HAWSER_CHROOTS: process.env['HAWSER_CHROOTS'] || '1' })
if (folder === undefined) {
  console.error('HAWSER_CHROOTS=0 turns the chroots off, and this command is about them: leave it unset.')
  process.exit(2)
}
for (const suite of chrootSuites) {
  const startedAt = performance.now()
  const state = await buildChroot(folder, suite)
  console.error(`${suite} ${state} (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`)
}
const tests = ['test/clients', ...process.argv.slice(2)]
const vitest = spawnSync('vitest', ['run', '--project', 'real', ...tests], {
  stdio: 'inherit',
  env: { ...process.env, HAWSER_CHROOTS: folder },
})
process.exit(vitest.status ?? 1)
