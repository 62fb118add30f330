import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'

const home = join(import.meta.dirname, '../..')
const published = join(home, 'build/npm')

describe('the package that npm run build makes', () => {
  beforeAll(() => {
    const done = spawnSync(process.execPath, ['scripts/pack.ts'], { cwd: home, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`${done.stdout}${done.stderr}`)
  }, 180_000)

  test('brings no Node of its own, no scripts and no development dependencies', () => {
    const manifest = JSON.parse(readFileSync(join(published, 'package.json'), 'utf8'))

    expect(Object.keys(manifest.optionalDependencies)).toEqual([
      '@restatedev/restate-server-darwin-arm64',
      '@restatedev/restate-server-darwin-x64',
      '@restatedev/restate-server-linux-arm64',
      '@restatedev/restate-server-linux-x64',
    ])
    expect(manifest.devDependencies).toBeUndefined()
    expect(manifest.scripts).toBeUndefined()
    expect(manifest.private).toBeUndefined()
  })

  test('holds JavaScript and no TypeScript, no tests', () => {
    const names = readdirSync(published, { recursive: true, encoding: 'utf8' })

    expect(names).toContain('build/main.js')
    expect(names).toContain('schema.json')
    expect(names).toContain('LICENSE')
    expect(names.filter((name) => name.endsWith('.ts') || name.includes('.test.'))).toEqual([])
  })

  test.each(['build/npm', 'build/package'])('runs from %s', (folder) => {
    const done = spawnSync(process.execPath, [join(home, folder, 'bin/hawser.js'), 'check', '-C', home], {
      encoding: 'utf8',
    })

    expect(done.stderr).toContain('is right')
    expect(done.status).toBe(0)
  })
})
