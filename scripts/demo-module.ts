// npm run demo:module: the module release of examples/btp-manager, whole, on this machine: a GitHub and a registry stand in for the real ones.
import { debianPackageList, requireDebianPackages } from './debian.ts'

requireDebianPackages(debianPackageList(new URL('debian-packages.txt', import.meta.url)), 'The demonstration')
const { moduleWorld } = await import('../test/acceptance/btp-manager.ts')
const world = await moduleWorld()
try {
  const { world: github } = world.github
  await github.tag('1.1.0', (await github.git.resolve('refs/heads/main')) ?? '')
  github.addRelease('1.1.0', {})
  const { number } = await github.openPull({ title: 'Greet politely', labels: ['kind/feature'] })
  await github.merge(number)
  const checkout = await world.checkout()
  const running = checkout.start('1.2.0', { credentials: 'dummy' })
  running.child.stderr?.on('data', (text: string) => process.stderr.write(text))
  running.child.stdout?.on('data', (text: string) => process.stdout.write(text))
  // The person who owns the scanner configuration.
  const merging = setInterval(() => {
    const open = github.pulls.find(({ title, state }) => title.startsWith('Bump') && state === 'open')
    if (open === undefined) return
    process.stderr.write(`  (a code owner merges #${open.number}, "${open.title}")\n`)
    github.merge(open.number).catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
  }, 1000)
  const { code } = await running.ended
  clearInterval(merging)
  const release = github.releases.find(({ tag }) => tag === '1.2.0')
  console.log(
    `\n${release?.isDraft === false ? 'published' : 'not published'}: ${release?.assets.map(({ name }) => name).join(', ')}`,
  )
  process.exitCode = code ?? 1
} finally {
  await world.stop()
}
