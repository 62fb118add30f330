import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CompressionKind } from '../../src/archive/compression.ts'
import type { PackageSpec } from '../../src/packages/package-spec.ts'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { type CommandResult, mustRun, runCommand } from '../clients/command.ts'
import { plainSpec, Sample } from './rpm-sample.ts'

let sample: Sample

beforeEach(async () => {
  sample = await Sample.create()
  await makeRoot(sample.path('root'))
})
afterEach(() => sample.remove())

const compressions: readonly [CompressionKind, number][] = [
  ['gzip', 6],
  ['gzip', 9],
  ['xz', 6],
  ['zstd', 3],
  ['zstd', 19],
  ['none', 0],
]

describe.each(compressions)('a package with %s %i', (kind, level) => {
  test('installs, verifies, upgrades and leaves, and runs its scripts in rpm’s order', async () => {
    const first = await build('1.5.0-rc.1', { kind, level })
    const final = await build('1.5.0', { kind, level })

    await rpmInRoot('-i', first)
    expect(await rpmInRoot('-V', 'hello')).toMatchObject({ status: 0, stdout: '' })
    expect(await installed('usr/bin/hello')).toBe('#!/bin/sh\necho 1.5.0-rc.1\n')
    expect((await installed('usr/share/hello/big')).length).toBe(bigFile.length)
    expect(await mustRun('readlink', [sample.path('root/usr/bin/hi')])).toBe('hello\n')
    expect(await mustRun('stat', ['-c', '%a %U %G', sample.path('root/usr/share/hello')])).toBe(
      '750 root root\n',
    )
    expect(await mustRun('stat', ['-c', '%a', sample.path('root/usr/bin/hello')])).toBe('4755\n')
    await rpmInRoot('-U', final)
    expect(await rpmInRoot('-V', 'hello')).toMatchObject({ status: 0, stdout: '' })
    expect(await installed('usr/bin/hello')).toBe('#!/bin/sh\necho 1.5.0\n')
    await rpmInRoot('-e', 'hello')

    expect((await installed('log')).trimEnd().split('\n')).toEqual([
      'pretrans 1.5.0-rc.1 1',
      'pre 1.5.0-rc.1 1',
      'post 1.5.0-rc.1 1',
      'posttrans 1.5.0-rc.1 1',
      // rpm 4.18 counts one package for pretrans and posttrans of an upgrade, too.
      'pretrans 1.5.0 2',
      'pre 1.5.0 2',
      'post 1.5.0 2',
      'preun 1.5.0-rc.1 1',
      'postun 1.5.0-rc.1 1',
      'posttrans 1.5.0 2',
      'preun 1.5.0 0',
      'postun 1.5.0 0',
    ])
    await expect(installed('usr/bin/hello')).rejects.toThrow('ENOENT')
  })
})

test('changed configuration is kept as its role says', async () => {
  await rpmInRoot('-i', await build('1.0.0', { kind: 'gzip', level: 6 }))
  for (const name of ['noreplace', 'replace'])
    await writeFile(sample.path(`root/etc/hello/${name}.conf`), 'mine\n')

  await rpmInRoot('-U', await build('1.1.0', { kind: 'gzip', level: 6 }))

  expect(await installed('etc/hello/noreplace.conf')).toBe('mine\n')
  expect(await installed('etc/hello/noreplace.conf.rpmnew')).toBe('1.1.0\n')
  expect(await installed('etc/hello/replace.conf')).toBe('1.1.0\n')
  expect(await installed('etc/hello/replace.conf.rpmsave')).toBe('mine\n')
})

test('rpm -V sees a changed file, and a ghost may be there or not', async () => {
  await rpmInRoot('-i', await build('1.0.0', { kind: 'zstd', level: 3 }))
  expect(await mustRun('rpm', ['--root', sample.path('root'), '-qf', '/var/lib/hello/state'])).toBe(
    'hello-1.0.0-1.noarch\n',
  )

  await writeFile(sample.path('root/usr/share/hello/big'), 'small')
  const { status, stdout } = await runRpm('-V', 'hello')

  expect(status).toBe(1)
  expect(stdout).toBe('S.5....T.    /usr/share/hello/big\n')
})

test('a trigger fires for the other package, and a file trigger for its files', async () => {
  const spec: PackageSpec = {
    ...(await specOf('1.0.0', { kind: 'gzip', level: 6 })),
    scripts: {},
    triggers: [
      { kind: 'trigger-in', on: 'greeter >= 2', script: 'echo triggerin $1 $2 >> /log' },
      { kind: 'trigger-un', on: 'greeter', script: 'echo triggerun $1 $2 >> /log' },
      { kind: 'trigger-postun', on: 'greeter', script: 'echo triggerpostun $1 $2 >> /log' },
      {
        kind: 'trigger-in',
        on: '/usr/share/greeter',
        script: 'while read path; do echo file $path >> /log; done',
      },
    ],
  }
  const greeter: PackageSpec = {
    ...plainSpec,
    name: 'greeter',
    version: { ...plainSpec.version, declared: '2.0' },
    contents: [await sample.file('/usr/share/greeter/text', 'hi\n')],
  }
  for (const one of [spec, greeter]) await rpm.build(one, { outputPath: sample.path(`${one.name}.rpm`) })

  await rpmInRoot('-i', sample.path('hello.rpm'))
  await rpmInRoot('-i', sample.path('greeter.rpm'))
  await rpmInRoot('-e', 'greeter')

  expect((await installed('log')).trimEnd().split('\n')).toEqual([
    'file /usr/share/greeter/text',
    'triggerin 1 1',
    'triggerun 1 0',
    'triggerpostun 1 0',
  ])
})

// Several gzip members, zstd frames and xz blocks, so that the joints are tested, too.
const bigFile = Buffer.alloc(3_500_000, 'The quick brown fox jumps over the lazy dog. ')

async function specOf(declared: string, compression: PackageSpec['compression']): Promise<PackageSpec> {
  const log = (name: string) => `echo ${name} ${declared} $1 >> /log`
  return {
    ...plainSpec,
    version: { ...plainSpec.version, declared },
    contents: [
      await sample.file('/etc/hello/noreplace.conf', `${declared}\n`, { role: 'config-noreplace' }),
      await sample.file('/etc/hello/replace.conf', `${declared}\n`, { role: 'config' }),
      await sample.file('/usr/bin/hello', `#!/bin/sh\necho ${declared}\n`, { mode: 0o4755 }),
      { type: 'symlink', path: '/usr/bin/hi', target: 'hello', owner: 'root', group: 'root' },
      { type: 'directory', path: '/usr/share/hello', mode: 0o750, owner: 'root', group: 'root' },
      await sample.file('/usr/share/hello/big', bigFile),
      { type: 'ghost', path: '/var/lib/hello/state', mode: 0o600, owner: 'root', group: 'root' },
    ],
    scripts: {
      preInstall: log('pre'),
      postInstall: log('post'),
      preRemove: log('preun'),
      postRemove: log('postun'),
      preTransaction: log('pretrans'),
      postTransaction: log('posttrans'),
    },
    compression,
  }
}

async function build(declared: string, compression: PackageSpec['compression']): Promise<string> {
  const spec = await specOf(declared, compression)
  const outputPath = sample.path(rpm.fileName(spec))
  await rpm.build(spec, { outputPath })
  return outputPath
}

/** The least in which scripts can run: a shell and its libraries. */
async function makeRoot(root: string): Promise<void> {
  const libraries = (await mustRun('ldd', ['/bin/sh'])).match(/\/[^ \n]+/g) ?? []
  for (const file of ['/bin/sh', ...libraries]) {
    await mkdir(join(root, dirname(file)), { recursive: true })
    await copyFile(file, join(root, file))
  }
}

const installed = (path: string) => readFile(sample.path('root', path), 'utf8')

// Nothing provides /bin/sh in a root without packages.
const runRpm = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand('rpm', ['--root', sample.path('root'), '--nodeps', ...args])

async function rpmInRoot(...args: readonly string[]): Promise<CommandResult> {
  const result = await runRpm(...args)
  if (result.status !== 0) throw new Error(`rpm ${args.join(' ')}: ${result.stdout}${result.stderr}`)
  return result
}
