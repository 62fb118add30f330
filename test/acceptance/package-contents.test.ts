import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mustRun, runCommand } from '../clients/command.ts'
import { cniPlugins } from './ket-downloads.ts'
import { type KetWorld, ketWorld } from './ket-packages.ts'
import { example, pinnedExample } from './ket-pins.ts'

let world: KetWorld
let scratch: string
beforeAll(async () => {
  world = await ketWorld()
  scratch = await mkdtemp(join(tmpdir(), 'hawser-ket-read-'))
  const { code, stderr } = await world.hawser('build', '1.5.2-1')
  expect(stderr).not.toContain('failed')
  expect(code).toBe(0)
})
afterAll(async () => {
  await world.stop()
  await rm(scratch, { recursive: true, force: true })
})

const dist = (name: string): string => join(world.root, 'dist/1.5.2-1', name)

/** Facts 2.2: the table of the Kismatic packages. */
const programs = (names: readonly string[]) => names.map((name) => `/usr/bin/${name}`)
const images = (names: readonly string[]) => names.map((name) => `/opt/images/${name}.tar`)
const tools = ['bridge-utils', 'iptables >= 1.4.21', 'socat', 'util-linux', 'ethtool']
const packages = [
  {
    name: 'kismatic-kubernetes-master',
    summary: 'Kubernetes master binaries',
    programs: programs(['kube-apiserver', 'kube-scheduler', 'kube-controller-manager', 'kubectl']),
    images: images(['registry', 'kubedns', 'kube-dnsmasq', 'kubernetes-dashboard', 'exechealthz']),
    own: ['kismatic-kubernetes-node', 'kismatic-kubernetes-networking'],
    needsDocker: true,
  },
  {
    name: 'kismatic-kubernetes-node',
    summary: 'Kubernetes node binaries',
    programs: programs(['kubelet', 'kube-proxy']),
    images: images(['pause', 'nginx', 'busybox', 'defaultbackend', 'nginx-ingress-controller']),
    own: ['kismatic-kubernetes-networking'],
    needsDocker: true,
  },
  {
    name: 'kismatic-kubernetes-networking',
    summary: 'Kubernetes networking binaries',
    programs: [
      ...programs(['calicoctl']),
      ...['calico', 'calico-ipam', ...cniPlugins].map((name) => `/opt/cni/bin/${name}`),
    ],
    images: images(['calico', 'kube-policy-controller']),
    own: [],
    needsDocker: false,
  },
  {
    name: 'kismatic-etcd',
    summary: 'Etcd kubernetes and networking binaries',
    programs: programs(['etcd_k8s', 'etcdctl', 'etcd_networking']),
    images: [],
    own: [],
    needsDocker: false,
  },
] as const

test('the pins of the example are those of the stand-ins (else: node scripts/ket-pins.ts)', async () => {
  expect(await readFile(join(example, 'hawser.yaml'), 'utf8')).toBe(await pinnedExample())
})

test('make build takes the variables of the first process', async () => {
  const hawser = join(import.meta.dirname, '../../bin/hawser.js')
  const said = await runCommand(
    'make',
    ['build', 'VERSION=1.5.2-1', `HAWSER=node ${hawser}`, `FLAGS=${world.inputs.join(' ')}`],
    { cwd: world.root, environment: world.environment },
  )

  expect(said.status, said.stderr).toBe(0)
  expect(said.stdout).toContain('kismatic-etcd-1.5.2_1-1.x86_64.rpm')
})

test('another version is pinned by one command', async () => {
  const { code, stderr } = await world.hawser('bump', 'component', 'kubernetes', '1.5.3')

  expect(code, stderr).toBe(0)
  const diff = await mustRun('git', ['diff', '--numstat'], { cwd: world.root })
  await mustRun('git', ['checkout', '--quiet', 'hawser.yaml'], { cwd: world.root })
  // The version, and the pins of its six programs.
  expect(diff).toBe('7\t7\thawser.yaml\n')
})

describe('P13: what dpkg-deb and rpm say of the built set', () => {
  test('is five packages in each format, by the names that their users know', async () => {
    expect(
      (await readdir(join(world.root, 'dist/1.5.2-1'))).filter((name) => /\.(deb|rpm)$/.test(name)).sort(),
    ).toEqual(
      [
        ...packages.flatMap(({ name }) => [`${name}_1.5.2-1_amd64.deb`, `${name}-1.5.2_1-1.x86_64.rpm`]),
        'kismatic-docker-engine_1.11.2-0~xenial_amd64.deb',
        'kismatic-docker-engine-1.11.2-1.el7.centos.x86_64.rpm',
      ].sort(),
    )
  })

  describe.each(packages)('$name', ({ name, summary, programs, images, own, needsDocker }) => {
    const debPath = (): string => dist(`${name}_1.5.2-1_amd64.deb`)
    const rpmPath = (): string => dist(`${name}-1.5.2_1-1.x86_64.rpm`)

    test('as deb: words, machine and dependencies', async () => {
      const fields = [
        'Package',
        'Version',
        'Architecture',
        'Maintainer',
        'Vendor',
        'License',
        'Homepage',
        'Depends',
      ]
      const shown = await mustRun('dpkg-deb', ['--field', debPath(), ...fields, 'Description'])

      const depends = [
        ...own.map((one) => `${one} (= 1.5.2-1)`),
        ...(needsDocker ? ['kismatic-docker-engine (= 1.11.2-0~xenial)'] : []),
        ...(needsDocker ? tools.map((tool) => tool.replace(/ (>= .*)/, ' ($1)')) : []),
        ...(needsDocker ? ['nfs-common'] : []),
      ]
      expect(shown.replace(/^ .*\n/gm, '')).toBe(
        [
          `Package: ${name}`,
          'Version: 1.5.2-1',
          'Architecture: amd64',
          'Maintainer: Apprenda <info@apprenda.com>',
          'Vendor: Apprenda',
          'License: Apache Software License 2.0',
          'Homepage: https://apprenda.com/kismatic',
          ...(depends.length === 0 ? [] : [`Depends: ${depends.join(', ')}`]),
          `Description: ${summary}`,
          '',
        ].join('\n'),
      )
    })

    test('as rpm: words, machine and dependencies', async () => {
      const words = '%{NAME}|%{VERSION}-%{RELEASE}|%{ARCH}|%{PACKAGER}|%{VENDOR}|%{LICENSE}|%{URL}|%{SUMMARY}'
      expect(await mustRun('rpm', ['-qp', '--nosignature', '--queryformat', words, rpmPath()])).toBe(
        `${name}|1.5.2_1-1|x86_64|Apprenda <info@apprenda.com>|Apprenda|Apache Software License 2.0|https://apprenda.com/kismatic|${summary}`,
      )
      const requires = await mustRun('rpm', ['-qp', '--nosignature', '--requires', rpmPath()])
      const expected = [
        ...own.map((one) => `${one} = 1.5.2_1-1`),
        ...(needsDocker ? ['kismatic-docker-engine = 1.11.2', ...tools, 'nfs-utils'] : []),
      ]
      expect(
        requires
          .trimEnd()
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('rpmlib('))
          .sort(),
      ).toEqual(expected.sort())
    })

    test('files, modes and owners, the same in both formats', async () => {
      const expected = [
        ...programs.map((path) => `-rwxr-x--- root root ${path}`),
        ...images.map((path) => `-rw-r--r-- root root ${path}`),
      ].sort()

      const inDeb = (await mustRun('dpkg-deb', ['--contents', debPath()]))
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^(\S+) (\S+)\/(\S+)\s+\d+ \S+ \S+ \./, '$1 $2 $3 '))
      const format = '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]'
      const inRpm = (await mustRun('rpm', ['-qp', '--nosignature', '--queryformat', format, rpmPath()]))
        .trimEnd()
        .split('\n')

      const isOurs = (line: string): boolean => line.startsWith('-') && !line.includes('/usr/share/doc/')
      expect(inDeb.filter(isOurs).sort()).toEqual(expected)
      expect(inRpm.filter(isOurs).sort()).toEqual(expected)
    })

    test('no maintainer scripts', async () => {
      const control = await mkdtemp(join(scratch, 'control-'))
      await mustRun('dpkg-deb', ['--control', debPath(), control])
      expect((await readdir(control)).sort()).toEqual(['control', 'md5sums'])
      expect(await mustRun('rpm', ['-qp', '--nosignature', '--scripts', rpmPath()])).toBe('')
    })
  })

  test('kismatic-docker-engine: Docker’s files, scripts and dependencies under another name', async () => {
    const deb = dist('kismatic-docker-engine_1.11.2-0~xenial_amd64.deb')
    const rpm = dist('kismatic-docker-engine-1.11.2-1.el7.centos.x86_64.rpm')

    await expect(await mustRun('dpkg-deb', ['--field', deb])).toMatchFileSnapshot(
      'testdata/ket/docker-control.txt',
    )
    const queries = ['--info', '--list', '--requires', '--provides', '--conflicts', '--scripts']
    const shown: string[] = []
    for (const query of queries)
      shown.push(`${query}\n${await mustRun('rpm', ['-qp', '--nosignature', query, rpm])}`)
    const text = shown.join('\n').replace(/^(Signature|Build Date) .*$/gm, '$1: …')
    await expect(text).toMatchFileSnapshot('testdata/ket/docker-rpm.txt')
    const control = await mkdtemp(join(scratch, 'control-'))
    await mustRun('dpkg-deb', ['--control', deb, control])
    expect(await readFile(join(control, 'postinst'), 'utf8')).toContain('groupadd --system docker')
    expect(await readFile(join(control, 'conffiles'), 'utf8')).toBe('/etc/default/docker\n')
  })

  test('an image in a package is one that skopeo reads, under the name that Kubernetes asks for', async () => {
    const to = await mkdtemp(join(scratch, 'files-'))
    await mustRun('dpkg-deb', ['--extract', dist('kismatic-kubernetes-node_1.5.2-1_amd64.deb'), to])

    const archive = join(to, 'opt/images/pause.tar')
    expect(
      JSON.parse(await mustRun('skopeo', ['inspect', '--config', `docker-archive:${archive}`])),
    ).toMatchObject({
      architecture: 'amd64',
    })
    expect(await mustRun('tar', ['-xOf', archive, 'manifest.json'])).toContain(
      '"gcr.io/google_containers/pause-amd64:3.0"',
    )
  })

  test('the same commit and pins give the same bytes again', async () => {
    const before = await sums()
    await rm(join(world.root, 'dist'), { recursive: true })
    await rm(join(world.root, '.hawser'), { recursive: true })

    expect((await world.hawser('build', '1.5.2-1')).code).toBe(0)

    expect(await sums()).toBe(before)
  })
})

const sums = (): Promise<string> =>
  mustRun('sh', ['-c', 'sha256sum *.deb *.rpm'], { cwd: join(world.root, 'dist/1.5.2-1') })

describe('P14: signatures', () => {
  test('each rpm verifies with the public key, and with no other', async () => {
    const rpms = (await readdir(join(world.root, 'dist/1.5.2-1'))).filter((name) => name.endsWith('.rpm'))
    const [known, unknown] = [join(scratch, 'rpmdb'), join(scratch, 'empty-rpmdb')]
    await writeFile(join(scratch, 'public.key'), world.publicKey)
    await mustRun('rpm', ['--dbpath', known, '--import', join(scratch, 'public.key')])

    expect(rpms).toHaveLength(5)
    for (const name of rpms) {
      expect(await mustRun('rpm', ['--dbpath', known, '-K', dist(name)])).toBe(
        `${dist(name)}: digests signatures OK\n`,
      )
      expect((await runCommand('rpm', ['--dbpath', unknown, '-K', dist(name)])).stdout).toContain(
        'SIGNATURES NOT OK',
      )
    }
  })

  test('no deb has an embedded signature', async () => {
    const debs = (await readdir(join(world.root, 'dist/1.5.2-1'))).filter((name) => name.endsWith('.deb'))

    expect(debs).toHaveLength(5)
    for (const name of debs) {
      expect((await mustRun('ar', ['t', dist(name)])).trimEnd().split('\n')).toEqual([
        'debian-binary',
        expect.stringMatching(/^control\.tar/),
        expect.stringMatching(/^data\.tar/),
      ])
    }
  })

  test('InRelease and Release.gpg of the repository verify', async () => {
    const debs = (await readdir(join(world.root, 'dist/1.5.2-1'))).filter((name) => name.endsWith('.deb'))
    const added = await world.hawser('repo', 'add', 'deb-staging', ...debs.map(dist))
    expect(added.code, added.stderr).toBe(0)
    const keyring = join(scratch, 'keyring.gpg')
    await writeFile(keyring, await mustDearmor(world.publicKey))
    const files = ['InRelease', 'Release', 'Release.gpg']
    for (const name of files) await writeFile(join(scratch, name), await objectText(`dists/xenial/${name}`))

    await mustRun('gpgv', ['--keyring', keyring, join(scratch, 'InRelease')])
    await mustRun('gpgv', ['--keyring', keyring, join(scratch, 'Release.gpg'), join(scratch, 'Release')])
    expect(await objectText('public.key')).toContain('BEGIN PGP PUBLIC KEY BLOCK')
    expect(await objectText('dists/xenial/main/binary-amd64/Packages.gz')).not.toBe('')
  })
})

async function objectText(Key: string): Promise<string> {
  const found = await world.s3?.client.send(new GetObjectCommand({ Bucket: world.buckets.DEB_REPO, Key }))
  return (await found?.Body?.transformToString('latin1')) ?? ''
}

const mustDearmor = async (armored: string): Promise<Buffer> =>
  Buffer.from(
    await mustRun('sh', ['-c', 'gpg --batch --homedir "$HOME" --dearmor | base64'], {
      input: armored,
      environment: { HOME: scratch },
    }),
    'base64',
  )
