import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256, type Upstream, upstream } from './world.ts'

const master = (version: string) => `kubernetes ${version}: the API server\n`
const node = (version: string) => `kubernetes ${version}: the kubelet\n`

/** As people write it: comments, both kinds of quotes, odd spaces, an anchor, a component beside it. */
const config = (origin: string) => `# What we pin, and why.
project: ket
version: { scheme: ket, component: kubernetes }
components:
  kubernetes: { version: "1.5.1" }   # since January
  etcd:       { version: 3.1.0 }
sources:
  # The server.
  apiserver:
    https: { url: '${origin}/v\${components.kubernetes.version}/kube-apiserver', sha256: '${sha256(master('1.5.1'))}' } # ours
  kubelet:
    https:
      sha256:   &kubelet ${sha256(node('1.5.1'))}

      url: "${origin}/v\${ components.kubernetes.version }/kubelet"
  etcd:
    https: { url: '${origin}/etcd-\${components.etcd.version}', sha256: ${sha256('etcd')} }
x-note: *kubelet
`

const published = {
  '/v1.5.2/kube-apiserver': master('1.5.2'),
  '/v1.5.2/kubelet': node('1.5.2'),
  '/v1.5.1/kube-apiserver': master('1.5.1'),
  '/v1.5.1/kubelet': node('1.5.1'),
}

const bumped = (text: string) =>
  text
    .replace('"1.5.1"', '"1.5.2"')
    .replace(sha256(master('1.5.1')), sha256(master('1.5.2')))
    .replace(sha256(node('1.5.1')), sha256(node('1.5.2')))

describe('another version of a component', () => {
  test('is pinned with its downloads, and nothing else of the file changes', async () => {
    const world = await upstream(config, published)
    await chmod(join(world.project.root, 'hawser.yaml'), 0o640)
    const before = await world.read()

    const { changes } = await world.bump('1.5.2')

    expect(await world.read()).toBe(bumped(before))
    expect(changes.map(({ path, line }) => [line, path])).toEqual([
      [5, 'components.kubernetes.version'],
      [10, 'sources.apiserver.https.sha256'],
      [13, 'sources.kubelet.https.sha256'],
    ])
    expect((await stat(join(world.project.root, 'hawser.yaml'))).mode & 0o777).toBe(0o640)
  })

  test('may be pinned in a file with a byte order mark and line ends of Windows', async () => {
    const world = await upstream((origin) => `\uFEFF${config(origin).replaceAll('\n', '\r\n')}`, published)
    const before = await world.read()

    await world.bump('1.5.2')

    expect(await world.read()).toBe(bumped(before))
  })

  test('that is pinned already is only checked: the file is not written', async () => {
    const world = await upstream(config, published)
    const path = join(world.project.root, 'hawser.yaml')
    const before = await stat(path)

    const { changes } = await world.bump('1.5.1')

    expect(changes).toEqual([])
    expect((await stat(path)).ino).toBe(before.ino)
  })

  test('is pinned for the first time where the digits are zeros', async () => {
    const zeros = '0'.repeat(64)
    const world = await upstream((origin) => config(origin).replace(sha256(node('1.5.1')), zeros), published)

    await world.bump('1.5.1')

    expect(await world.read()).toBe(config(world.origin))
  })

  test('is pinned by the command, which says what changed and who confirmed it', async () => {
    const world = await upstream(
      (origin) =>
        config(origin).replace(
          "' } # ours",
          `', checksums: '${origin}/v\${components.kubernetes.version}/SHA256SUMS' } # ours`,
        ),
      { ...published, '/v1.5.2/SHA256SUMS': `${sha256(master('1.5.2'))}  kube-apiserver\n` },
    )

    const { code, stdout, stderr } = await world.project.hawser(['bump', 'component', 'kubernetes', '1.5.2'])

    const said = `${stdout}\n${stderr}`.replaceAll(world.origin, 'https://upstream.example.org')
    await expect(said).toMatchFileSnapshot('testdata/bump.txt')
    expect(code).toBe(0)
    const again = await world.project.hawser(['bump', 'component', 'kubernetes', '1.5.2', '--json'])
    expect(JSON.parse(again.stdout)).toEqual({
      component: 'kubernetes',
      from: '1.5.2',
      to: '1.5.2',
      changes: [],
    })
  })
})

describe('what a publisher says of its files', () => {
  const listed = (origin: string) =>
    config(origin).replace(
      "' } # ours",
      `', checksums: '${origin}/v\${components.kubernetes.version}/SUMS' } # ours`,
    )
  const digest = sha256(master('1.5.2'))

  test.each([
    ['sha256sum', `${sha256('x')}  kubectl\n${digest}  kube-apiserver\n`],
    ['sha256sum in binary mode, with folders', `${digest} *./bin/kube-apiserver\n`],
    ['BSD tools', `SHA256 (kubectl) = ${sha256('x')}\nSHA256 (kube-apiserver) = ${digest}\n`],
    ['the digest alone', `${digest.toUpperCase()}\n`],
    ['line ends of Windows', `${digest}  kube-apiserver\r\n`],
  ])('is read as written by %s', async (_, list) => {
    const world = await upstream(listed, { ...published, '/v1.5.2/SUMS': list })

    const { changes } = await world.bump('1.5.2')

    expect(changes[1]?.vouchers).toEqual([`checksums ${world.origin}/v1.5.2/SUMS`])
  })

  test('is read as SHA-512 too, and pinned as SHA-256', async () => {
    const world = await upstream(listed, published)
    const file = join(world.project.root, 'kube-apiserver')
    await writeFile(file, master('1.5.2'))
    world.files.set(
      '/v1.5.2/SUMS',
      execFileSync('sha512sum', ['kube-apiserver'], { cwd: world.project.root }),
    )

    const { changes } = await world.bump('1.5.2')

    expect(changes[1]?.to).toBe(digest)
  })

  test.each([
    ['the list of checksums', 'SUMS', true],
    ['the file itself', 'kube-apiserver', false],
  ])('may be signed with gpg: %s', async (_, signed, hasList) => {
    const more = (origin: string) =>
      `${hasList ? `, checksums: '${origin}/v\${components.kubernetes.version}/SUMS'` : ''}, signature: '${origin}/v\${components.kubernetes.version}/${signed}.asc', signedBy: ['file:keys/upstream.asc'] } # ours`
    const world = await upstream((origin) => config(origin).replace(' } # ours', more(origin)), {
      ...published,
      '/v1.5.2/SUMS': `${digest}  kube-apiserver\n`,
    })
    const fingerprint = await signWithGpg(world, `/v1.5.2/${signed}`)

    const { changes } = await world.bump('1.5.2')

    expect(changes[1]?.vouchers?.at(-1)).toBe(`signature of ${fingerprint}`)
  })
})

describe('what cannot be pinned is told, and nothing is written', () => {
  const zip = (more: string) => (origin: string) =>
    config(origin).replace(' } # ours', `, ${more.replaceAll('ORIGIN', origin)} } # ours`)
  const list = "checksums: 'ORIGIN/v${components.kubernetes.version}/SUMS'"
  const signature = "signature: 'ORIGIN/v${components.kubernetes.version}/kube-apiserver.asc'"
  const digest = sha256(master('1.5.2'))

  interface Bad {
    readonly config?: (origin: string) => string
    readonly files?: { readonly [path: string]: string }
    readonly version?: string
    readonly component?: string
    readonly before?: (world: Upstream) => Promise<unknown>
  }
  const bad: { readonly [name: string]: Bad } = {
    'unknown-component': { component: 'kubernets' },
    'letter-in-front': { version: 'v1.5.2' },
    'sorts-wrong': { version: '1.6.0beta3' },
    'rpm-takes-it-for-another': { version: '1.5.1.1' },
    'not-published': { version: '1.5.9' },
    'same-version-other-bytes': { version: '1.5.1', files: { '/v1.5.1/kubelet': 'something else' } },
    'computed-version': {
      config: (origin) =>
        config(origin).replace('"1.5.1"', "'${inputs.kubernetes}'") +
        'inputs: { kubernetes: { default: 1.5.1 } }\n',
    },
    'computed-pin': {
      config: (origin) =>
        `${config(origin).replace(`'${sha256(master('1.5.1'))}'`, "'${inputs.pin}'")}inputs: { pin: { default: '${digest}' } }\n`,
      version: '1.5.3',
      files: { '/v1.5.3/kube-apiserver': master('1.5.3'), '/v1.5.3/kubelet': node('1.5.3') },
    },
    'shared-pin': {
      config: (origin) =>
        config(origin)
          .replace(`'${sha256(master('1.5.1'))}'`, `&pin '${sha256(master('1.5.1'))}'`)
          .replace(`&kubelet ${sha256(node('1.5.1'))}`, '*pin')
          .replace('x-note: *kubelet\n', ''),
    },
    'checksums-missing': { config: zip(list) },
    'checksums-of-other-files': { config: zip(list), files: { '/v1.5.2/SUMS': `${digest}  kubectl\n` } },
    'checksums-are-a-web-page': { config: zip(list), files: { '/v1.5.2/SUMS': '<html>Log in</html>\n' } },
    'checksums-too-weak': {
      config: zip(list),
      files: { '/v1.5.2/SUMS': `${'a'.repeat(32)}  kube-apiserver\n` },
    },
    'checksums-twice': {
      config: zip(list),
      files: { '/v1.5.2/SUMS': `${digest}  a/kube-apiserver\n${sha256('x')}  b/kube-apiserver\n` },
    },
    'checksum-of-another-file': {
      config: zip(list),
      files: { '/v1.5.2/SUMS': `${sha256('x')}  kube-apiserver\n` },
    },
    'signature-without-keys': { config: zip(signature) },
    'keys-without-signature': { config: zip("signedBy: ['file:keys/upstream.asc']") },
    'signature-key-missing': {
      config: zip(`${signature}, signedBy: ['file:keys/upstream.asc']`),
      files: { '/v1.5.2/kube-apiserver.asc': 'a signature' },
    },
    'signature-of-another-key': {
      config: zip(`${signature}, signedBy: ['file:keys/other.asc']`),
      before: async (world) => {
        await signWithGpg(world, '/v1.5.2/kube-apiserver', 'keys/other.asc')
        await signWithGpg(world, '/v1.5.2/kube-apiserver')
      },
    },
    'signature-of-other-bytes': {
      config: zip(`${signature}, signedBy: ['file:keys/upstream.asc']`),
      before: async (world) => {
        await signWithGpg(world, '/v1.5.2/kube-apiserver')
        world.files.set('/v1.5.2/kube-apiserver', `${master('1.5.2')}and a back door`)
      },
    },
  }
  for (const [
    name,
    { config: text = config, files = {}, version = '1.5.2', component, before },
  ] of Object.entries(bad)) {
    test(name, async () => {
      const world = await upstream(text, { ...published, ...files })
      await before?.(world)
      const written = await world.read()

      const failure = await world.failure(version, component)

      await expect(failure).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
      expect(await world.read()).toBe(written)
    })
  }

  test('because the file was changed meanwhile', async () => {
    const world = await upstream(config, published)
    const served = world.files.get('/v1.5.2/kubelet')
    world.files.delete('/v1.5.2/kubelet')
    Object.defineProperty(world.files, 'get', {
      value: (path: string) => {
        if (path === '/v1.5.2/kubelet') writeFileSync(join(world.project.root, 'hawser.yaml'), '# mine\n')
        return path === '/v1.5.2/kubelet' ? served : Map.prototype.get.call(world.files, path)
      },
    })

    const failure = await world.failure('1.5.2')

    await expect(failure).toMatchFileSnapshot('testdata/errors/changed-meanwhile.txt')
    expect(await world.read()).toBe('# mine\n')
  })
})

/** A real key and a real detached signature; the public key is in the project, the private one is forgotten. */
async function signWithGpg(
  { project, files }: Upstream,
  path: string,
  to = 'keys/upstream.asc',
): Promise<string> {
  const home = join(project.root, '..', `gpg-${to.replaceAll('/', '-')}`)
  await mkdir(home, { mode: 0o700 })
  const gpg = (...args: string[]) =>
    execFileSync('gpg', [
      '--homedir',
      home,
      '--batch',
      '--quiet',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
      ...args,
    ])
  gpg('--quick-generate-key', 'Upstream <upstream@example.org>', 'rsa2048', 'sign', 'never')
  await mkdir(join(project.root, 'keys'), { recursive: true })
  await writeFile(join(project.root, to), gpg('--armor', '--export'))
  const [file, signature] = [join(home, 'file'), join(home, 'file.asc')]
  await writeFile(file, files.get(path) ?? '')
  gpg('--armor', '--detach-sign', '--output', signature, file)
  files.set(`${path}.asc`, await readFile(signature))
  const listed = gpg('--with-colons', '--list-keys').toString()
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'])
  return /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? ''
}
