// npm run demo: the main job on real input. A copy of examples/quickstart in a git repository of its own, released and verified.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { requireDebianPackages } from './debian.ts'

const version = '1.0.0'
const home = resolve(import.meta.dirname, '..')
const project = join(home, '.hawser', 'demo', 'quickstart')
const hawserFile = join(home, 'bin', 'hawser.js')

if (spawnSync('git', ['--version']).status !== 0) requireDebianPackages(['git'], 'The demo')
makeProject()
if (!existsSync(join(project, '.hawser/keys/release.asc'))) hawser('key', 'new', 'release')
hawser('release', version, '--yes')
hawser('verify', version)
tellHowToInstall()

function makeProject(): void {
  mkdirSync(project, { recursive: true })
  cpSync(join(home, 'examples', 'quickstart'), project, { recursive: true })
  if (!existsSync(join(project, '.git'))) git('init', '--quiet', '--initial-branch=main')
  git('add', '--all')
  const changed = git('status', '--porcelain')
  // The identity and date are the demo's own, so that it gives the same bytes on every machine.
  if (changed !== '') git('commit', '--quiet', '--message', 'Start the quickstart')
}

function git(...args: string[]): string {
  const date = '1767225600 +0000' // 2026-01-01
  const person = ['-c', 'user.name=Quickstart', '-c', 'user.email=quickstart@example.org']
  const done = spawnSync('git', [...person, '-c', 'commit.gpgSign=false', ...args], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  })
  if (done.status === 0) return done.stdout
  console.error(`git ${args.join(' ')} failed:\n${done.stderr}`)
  process.exit(1)
}

function hawser(...args: string[]): void {
  console.error(`\n$ hawser ${args.join(' ')}`)
  const done = spawnSync(process.execPath, [hawserFile, ...args], { cwd: project, stdio: 'inherit' })
  if (done.status !== 0) process.exit(done.status ?? 1)
}

function tellHowToInstall(): void {
  const repositories = join(project, '.hawser/repositories')
  console.log(`
Released. To install from it on a Debian or Ubuntu machine that sees this folder:

  sudo cp ${repositories}/debian/debian.sources /etc/apt/sources.list.d/quickstart.sources
  sudo apt-get update && sudo apt-get install quickstart-esbuild

and on Fedora, RHEL or Rocky:

  sudo cp ${repositories}/fedora/fedora.repo /etc/yum.repos.d/quickstart.repo
  sudo dnf install quickstart-esbuild

Everything is in ${project}: dist/ has the packages, .hawser/releases the release. Run it again: nothing is left to do.`)
}
