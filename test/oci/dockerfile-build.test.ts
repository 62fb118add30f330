import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { buildFromDockerfile, type DockerfileBuild } from '../../src/oci/build/dockerfile-build.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import { mustRun } from '../clients/command.ts'
import { Podman } from '../clients/podman.ts'
import { epoch, putSample, textFile } from './sample-image.ts'

let folder: string
let podman: Podman
let count = 0

const dockerfile = `FROM scratch AS small
ARG GREETING=none
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox echo $GREETING > /greeting"]
ENTRYPOINT ["/bin/busybox", "cat", "/greeting"]

FROM small AS large
COPY Dockerfile /Dockerfile
`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-build-'))
  await mkdir(join(folder, 'context'))
  await copyFile('/bin/busybox', join(folder, 'context/busybox'))
  await chmod(join(folder, 'context/busybox'), 0o755)
  await writeFile(join(folder, 'context/Dockerfile'), dockerfile)
  podman = await Podman.create()
})
afterAll(async () => {
  await podman.remove()
  await rm(folder, { recursive: true, force: true })
})

const buildOf = (more: Partial<DockerfileBuild> = {}): DockerfileBuild => ({
  tool: 'buildah',
  file: join(folder, 'context/Dockerfile'),
  context: join(folder, 'context'),
  buildArguments: { GREETING: 'hello' },
  target: 'small',
  platform: { os: 'linux', architecture: 'amd64' },
  epoch,
  moreOptions: ['--network=host'],
  layoutFolder: join(folder, `layout-${count++}`),
  ...more,
})

/** Without rights to set up control groups; as in most CI jobs. */
const optionsWith = (environment: { readonly [name: string]: string | undefined } = {}) => ({
  openLayout,
  environment: {
    PATH: process.env['PATH'],
    BUILDAH_ISOLATION: 'chroot',
    ...podman.environment,
    ...environment,
  },
})

describe.each(['buildah', 'podman'] as const)('a Dockerfile, built by %s', (tool) => {
  test('gives an image with the arguments, the stage and the time that were asked for', async () => {
    const build = buildOf({ tool })
    const printed: string[] = []

    const image = await buildFromDockerfile(build, { ...optionsWith(), log: (text) => printed.push(text) })

    expect(image.config.config?.Entrypoint).toEqual(['/bin/busybox', 'cat', '/greeting'])
    expect(image.config.created).toBe('2025-10-09T08:53:20Z')
    expect(image.layers).toHaveLength(1)
    expect(image.builder).toMatch(new RegExp(`^${tool} version \\d`))
    expect(printed.join('')).toContain('COPY busybox')
    const { digest } = image.manifest
    await openLayout(build.layoutFolder).putManifest(image.manifest, 'run')
    const name = `localhost/${tool}:run`
    await podman.must('skopeo', 'copy', `oci:${build.layoutFolder}:run`, `containers-storage:${name}`)
    expect(await podman.must('podman', 'run', '--rm', name)).toBe('hello\n')
    expect(digest).toMatch(/^sha256:/)
  })

  test('gives the same bytes in other folders, and leaves nothing in the store of the tool', async () => {
    const before = await podman.must('podman', 'images', '--all', '--quiet')
    const other = join(folder, `other-${tool}`)
    await mustRun('cp', ['-r', join(folder, 'context'), other])

    const first = await buildFromDockerfile(buildOf({ tool }), optionsWith())
    const again = { tool, file: join(other, 'Dockerfile'), context: other }
    const second = await buildFromDockerfile(buildOf(again), optionsWith({ TZ: 'Asia/Tokyo' }))

    expect(second.manifest.digest).toBe(first.manifest.digest)
    expect(await podman.must('podman', 'images', '--all', '--quiet')).toBe(before)
  })
})

describe('docker, played by a script that notes how it is called', () => {
  const standIn = async (script: string): Promise<string> => {
    const bin = join(folder, `bin-${count++}`)
    await mkdir(bin)
    await writeFile(join(bin, 'docker'), `#!/bin/sh\n${script}`, { mode: 0o755 })
    return `${bin}:${process.env['PATH']}`
  }

  test('writes a layout itself, without attestations, at the time of the image', async () => {
    const prepared = join(folder, 'prepared')
    await putSample(openLayout(prepared), 'x', [[textFile('a', '')]], { scratch: folder })
    const log = join(folder, 'docker.log')
    const PATH = await standIn(`[ "$1" = --version ] && exec echo "Docker version 28"
echo "$SOURCE_DATE_EPOCH $*" > ${log}
for option; do case "$option" in --output=*) cp -r ${prepared} "\${option##*dest=}";; esac; done`)
    const build = buildOf({ tool: 'docker', platform: { os: 'linux', architecture: 'arm64' } })

    const { config, manifest, builder } = await buildFromDockerfile(build, optionsWith({ PATH }))

    expect(config.architecture).toBe('arm64')
    expect(builder).toBe('Docker version 28')
    expect(await openLayout(build.layoutFolder).manifest(manifest.digest)).toBeDefined()
    const called = (await readFile(log, 'utf8')).replaceAll(folder, 'FOLDER').replace(/layout-\d+/, 'LAYOUT')
    await expect(called.replaceAll(' --', '\n--')).toMatchFileSnapshot('testdata/docker-call.txt')
  })

  test('that writes nothing, or more than one image, is an error', async () => {
    const nothing = await standIn('exit 0')
    const failed = buildFromDockerfile(buildOf({ tool: 'docker' }), optionsWith({ PATH: nothing }))
    await expect(failed).rejects.toMatchObject({ code: 'IMAGE_BUILD_LAYOUT' })
  })
})

describe('what goes wrong is told with what the tool says, and leaves nothing', () => {
  const withFile = async (text: string): Promise<Partial<DockerfileBuild>> => {
    const file = join(folder, `Dockerfile-${count++}`)
    await writeFile(file, text)
    return { file, target: undefined }
  }

  test.each<[string, () => Promise<Partial<DockerfileBuild>>, { readonly [name: string]: string }?]>([
    [
      'build-command-fails',
      () => withFile('FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "false"]\n'),
    ],
    ['build-no-dockerfile', async () => ({ file: join(folder, 'absent') })],
    ['build-no-stage', async () => ({ target: 'absent' })],
    ['build-no-tool', async () => ({ tool: 'podman' }), { PATH: '/nowhere' }],
    ['build-layout-there', async () => ({ layoutFolder: join(folder, 'context') })],
  ])('%s', async (name, more, environment = {}) => {
    const build = buildOf(await more())
    const error = await buildFromDockerfile(build, optionsWith(environment)).then(
      () => 'it was built',
      (failure: unknown) => failure,
    )

    const text = failureText(error)
      .replaceAll(folder, 'FOLDER')
      .replaceAll(/Dockerfile-\d+/g, 'DOCKERFILE')
      .replaceAll(/time="[^"]*"/g, 'time="TIME"')
    await expect(text).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
    expect((await readdir(folder)).filter((one) => build.layoutFolder.endsWith(`/${one}`))).toEqual(
      name === 'build-layout-there' ? ['context'] : [],
    )
  })

  test('an image for another platform than that which was asked for', async () => {
    const prepared = join(folder, 'wrong-platform')
    const platforms = [{ os: 'linux', architecture: 's390x' }]
    await putSample(openLayout(prepared), 'x', [[textFile('a', '')]], { scratch: folder, platforms })
    const bin = join(folder, 'bin-wrong')
    await mkdir(bin)
    const script = `#!/bin/sh\nfor one; do case "$one" in --output=*) cp -r ${prepared} "\${one##*dest=}";; esac; done\n`
    await writeFile(join(bin, 'docker'), script, { mode: 0o755 })

    const failed = buildFromDockerfile(
      buildOf({ tool: 'docker' }),
      optionsWith({ PATH: `${bin}:${process.env['PATH']}` }),
    )

    await expect(failed).rejects.toMatchObject({
      code: 'IMAGE_BUILD_PLATFORM',
      message: 'docker built an image for linux/s390x, where linux/amd64 was asked for.',
    })
  })
})
