import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { anonymous } from '../../src/oci/credentials/credential.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { mustRun } from '../clients/command.ts'
import { startDockerRegistry } from '../servers/docker-registry.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { type Ended, type RunningHawser, startHawser } from './hawser.ts'
import { startDownloads } from './ket-downloads.ts'
import { example, imagesIn, pinnedExample, putImage } from './ket-pins.ts'

/** The example with everything around it that it needs of the world. */
export interface KetWorld {
  /** Of the checkout. */
  readonly root: string
  /** Everything that a command is given of the machine. */
  readonly environment: { readonly [name: string]: string }
  /** `--input` flags that point the downloads at this machine. */
  readonly inputs: readonly string[]
  /** Armored. */
  readonly publicKey: string
  /** Present unless the world was made without it. */
  readonly s3: Radosgw | undefined
  /** Names of the buckets, made in S3. */
  readonly buckets: { readonly [variable in BucketVariable]: string }
  /** Runs the real CLI; commands that build get the inputs. */
  hawser(...args: string[]): Promise<Ended>
  start(...args: string[]): RunningHawser
  stop(): Promise<void>
}

export const bucketVariables = ['DEB_REPO', 'RPM_REPO', 'DEB_REPO_PRODUCTION', 'RPM_REPO_PRODUCTION'] as const
export type BucketVariable = (typeof bucketVariables)[number]

export interface KetOptions {
  /** A real S3 service; on unless false. */
  readonly s3?: boolean
  readonly engine?: 'memory' | 'durable'
  /** More variables. */
  readonly environment?: { readonly [name: string]: string }
}

export async function ketWorld({
  s3: hasS3 = true,
  engine = 'memory',
  environment: more = {},
}: KetOptions = {}): Promise<KetWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-ket-'))
  const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const one of stops.toReversed()) await one()
  }
  try {
    const downloads = await startDownloads()
    stops.push(downloads.close)
    const registry = await startDockerRegistry()
    stops.push(registry.stop)
    await pushImages(registry.host)
    const s3 = hasS3 ? await startRadosgw() : undefined
    if (s3 !== undefined) stops.push(s3.stop)
    const publicKey = await writeKeys(join(folder, 'gpgkeys'))
    const environment: { readonly [name: string]: string } = {
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      CI: '1',
      HAWSER_ENGINE: engine,
      KEYS_PATH: join(folder, 'gpgkeys'),
      ...(await s3Environment(folder, s3)),
      ...more,
    }
    const root = join(folder, 'ket-packages')
    await checkOut(root)
    const inputs = [`downloads=${downloads.input}`, `registry=${registry.host}/`].flatMap((input) => [
      '--input',
      input,
    ])
    const start: KetWorld['start'] = (...args) =>
      startHawser(needsInputs(args) ? [...args, ...inputs] : args, { cwd: root, environment })
    const buckets = Object.fromEntries(
      bucketVariables.map((name) => [name, environment[name] ?? '']),
    ) as KetWorld['buckets'] // exactly these keys
    return {
      root,
      environment,
      inputs,
      publicKey,
      s3,
      buckets,
      start,
      hawser: (...args) => start(...args).ended,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const needsInputs = ([command = '', subject]: readonly string[]): boolean =>
  ['plan', 'release', 'replace', 'build'].includes(command) || (command === 'bump' && subject === 'component')

/** The images of the example, in a registry. */
export async function pushImages(host: string): Promise<void> {
  const registry = openRegistry({
    host,
    credentials: anonymous,
    environment: {},
    maskSecret: () => undefined,
  })
  for (const image of imagesIn(await pinnedExample())) await putImage(registry.repository(image.name), image)
}

/** As the origin's KEYS_PATH: private.key and public.key; RSA, as its key was. */
export async function writeKeys(folder: string): Promise<string> {
  const { privateKeyArmored, publicKeyArmored } = await generateKey({
    userId: 'Kismatic <info@apprenda.com>',
    algorithm: 'rsa4096',
    date: new Date('2025-01-01T00:00:00Z'),
  })
  await mkdir(folder, { mode: 0o700 })
  await writeFile(join(folder, 'private.key'), privateKeyArmored, { mode: 0o600 })
  await writeFile(join(folder, 'public.key'), publicKeyArmored)
  return publicKeyArmored
}

/** Buckets and credentials; the latter in a file, as CREDENTIALS_PATH names one. */
export async function s3Environment(
  folder: string,
  s3: Radosgw | undefined,
): Promise<{ readonly [name: string]: string }> {
  const names = Object.fromEntries(
    bucketVariables.map((name) => [name, name.toLowerCase().replaceAll('_', '-')]),
  )
  if (s3 === undefined) return names
  for (const Bucket of Object.values(names)) await s3.client.send(new CreateBucketCommand({ Bucket }))
  const credentials = join(folder, 'credentials')
  await writeFile(
    credentials,
    `[default]\naws_access_key_id = ${process.env['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = ${process.env['AWS_SECRET_ACCESS_KEY']}\n`,
    { mode: 0o600 },
  )
  return {
    ...names,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    PACKAGES_URL: s3.endpoint,
    CREDENTIALS_PATH: credentials,
    AWS_SHARED_CREDENTIALS_FILE: credentials,
  }
}

async function checkOut(root: string): Promise<void> {
  await cp(example, root, { recursive: true })
  const git = (...args: string[]) =>
    mustRun('git', ['-c', 'user.name=Apprenda', '-c', 'user.email=info@apprenda.com', ...args], {
      cwd: root,
      environment: {
        GIT_CONFIG_NOSYSTEM: '1',
        HOME: root,
        GIT_AUTHOR_DATE: '@1484000000 +0000',
        GIT_COMMITTER_DATE: '@1484000000 +0000',
      },
    })
  await git('init', '--quiet', '--initial-branch=dev')
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'Kubernetes 1.5.2')
}
