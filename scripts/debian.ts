import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Installs the named Debian packages that are missing when we are root on Debian, else lists them and fails. */
export function requireDebianPackages(names: readonly string[], reason: string): void {
  const missing = names.filter((name) => !isInstalled(name))
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    console.error(`${reason} needs these Debian packages, and they are missing:\n  ${missing.join(' ')}`)
    console.error(
      `Install them, then run this again:\n  sudo apt-get install --no-install-recommends ${missing.join(' ')}`,
    )
    process.exit(2)
  }
  console.error(`Installing ${missing.length} Debian packages for ${reason}: ${missing.join(' ')}`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const step of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...missing],
  ]) {
    const done = spawnSync('apt-get', step, { env: environment, encoding: 'utf8', maxBuffer: 64 << 20 })
    if (done.status !== 0) {
      console.error(`apt-get ${step[0]} failed:\n${done.stdout}\n${done.stderr}`)
      process.exit(1)
    }
  }
}

export function debianPackageList(file: URL): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function isInstalled(name: string): boolean {
  const asked = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], { encoding: 'utf8' })
  return asked.status === 0 && asked.stdout === 'installed'
}
