import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { killGroup } from './hawser.ts'
import { newKey, type TestProject, testProject, version } from './project.ts'

const passphrase = 'correct horse battery staple 7319'

let project: TestProject
let key: string
let secrets: NodeJS.ProcessEnv
/** What every command printed. */
const printed: string[] = []
beforeAll(async () => {
  project = await testProject({
    engine: 'durable',
    packages: ['hello'],
    architectures: ['amd64'],
    key: 'env:HELLO_SIGNING',
    passphrase: 'env:HELLO_UNLOCK',
  })
  key = await newKey({ algorithm: 'rsa4096', lockedWith: passphrase })
  secrets = { HELLO_SIGNING: key, HELLO_UNLOCK: passphrase }
}, 120_000)
afterAll(() => project.remove())

describe('a secret', () => {
  test('is nowhere to be found after a release that failed, was killed, and went on', async () => {
    const wrong = await hawser(['release', version, '--yes'], { HELLO_UNLOCK: 'wrong' })
    expect(wrong.code).toBe(2)
    await hawser(['plan', version, '--out', '.hawser/plan.json'])
    await hawser(['plan', version, '--json'])
    await killedRelease()
    expect((await hawser(['status', '--json'])).code).toBe(0)
    expect((await hawser(['resume', '--json'])).code).toBe(0)
    expect((await hawser(['release', version, '--yes'])).code).toBe(0)
    expect((await hawser(['verify', version, '--json'])).code).toBe(0)
    for (const args of [
      ['check', version],
      ['build', version],
      ['key', 'show', 'release'],
      ['repo', 'list', 'debian'],
      ['repo', 'verify', 'fedora'],
      ['repo', 'init', 'debian'],
    ]) {
      expect((await hawser([...args, '--json'])).code, args.join(' ')).toBe(0)
    }

    const needles = needlesOf(key, passphrase)
    expect(needles.length).toBeGreaterThan(40)
    expect(printed.flatMap((text) => found(Buffer.from(text), needles))).toEqual([])
    expect(await foundBelow(project.root, needles)).toEqual([])
  }, 300_000)

  test('that is missing, wrong or no key is said to be, before anything is written, and not repeated', async () => {
    for (const [bad, code] of [
      [{ HELLO_UNLOCK: 'almost the passphrase' }, 'KEY_PASSPHRASE'],
      [{ HELLO_UNLOCK: undefined }, 'SECRET'],
      [{ HELLO_SIGNING: undefined }, 'SECRET'],
      [{ HELLO_SIGNING: 'hunter2 is no key' }, 'KEY_'],
    ] as const) {
      const { code: exit, stdout, stderr } = await hawser(['release', '3.0.0', '--yes'], bad)

      expect(exit, stderr).toBe(2)
      expect(stderr).toContain(code)
      expect(stdout + stderr).not.toMatch(/almost the passphrase|hunter2/)
    }
    expect(await project.git('tag', '--list', 'v3*')).toBe('')
  })
})

async function hawser(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const ended = await project.hawser(args, { environment: { ...secrets, ...environment } })
  printed.push(ended.stdout, ended.stderr)
  return ended
}

/** Killed with its engine in the middle, so that what it wrote down for later is seen, too. */
async function killedRelease(): Promise<void> {
  const running = project.start(['release', version, '--yes'], { environment: secrets })
  await running.says('> assets')
  const { pid } = JSON.parse(await readFile(join(project.root, '.hawser/engine/server.pid'), 'utf8'))
  const environment = await readFile(`/proc/${pid}/environ`)
  expect(found(environment, needlesOf(key, passphrase))).toEqual([])
  expect(environment.includes('HELLO_')).toBe(false)
  process.kill(pid, 'SIGKILL')
  killGroup(running.child)
  const { stdout, stderr } = await running.ended
  printed.push(stdout, stderr)
}

/** The secrets as they are, and as they look in base64 (at each of its three offsets) and in hexadecimal digits. */
function needlesOf(armored: string, words: string): readonly Buffer[] {
  const lines = armored.split('\n').filter((line) => line.length >= 48 && !line.startsWith('-'))
  // The armor begins with what is public, and ends with the certificate; the secret numbers are between them.
  const inner = lines.slice(Math.ceil(lines.length * 0.35), Math.floor(lines.length * 0.7))
  const raw = inner.map((line) => Buffer.from(line.slice(0, 48), 'base64'))
  const texts = [words, ...inner.slice(0, 12)]
  return [...raw, ...inner.map((line) => Buffer.from(line)), ...texts.flatMap(disguises)].map(
    (bytes) => bytes,
  )
}

function disguises(text: string): readonly Buffer[] {
  const inBase64 = [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64')
    // The first and last characters depend on the neighbours.
    return whole.slice(4, -4)
  })
  return [text, Buffer.from(text).toString('hex'), ...inBase64].map((form) => Buffer.from(form))
}

const found = (bytes: Buffer, needles: readonly Buffer[]): readonly string[] =>
  needles.flatMap((needle, index) => (bytes.includes(needle) ? [`needle ${index}`] : []))

async function foundBelow(folder: string, needles: readonly Buffer[]): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const results: string[] = []
  let files = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    // The key that the project was made with is not the one that signs here.
    if (path.endsWith('.hawser/keys/release.asc')) continue
    files += 1
    results.push(...found(await readFile(path), needles).map((what) => `${relative(folder, path)}: ${what}`))
  }
  expect(files).toBeGreaterThan(60)
  return results
}
