import { GetObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../servers/s3-faults.ts'
import { environmentProject, sha256 } from './environment-project.ts'
import { type TestProject, version } from './project.ts'

let server: Radosgw
let proxy: FaultProxy
let bucket: string
let project: TestProject
let seen: SeenRequest[] = []
beforeAll(async () => {
  server = await startRadosgw()
  proxy = await startFaultProxy(server.endpoint)
  bucket = await server.bucket()
  const storage = (name: string): string =>
    `s3: { bucket: ${bucket}, prefix: ${name}, region: us-east-1, endpoint: '${proxy.endpoint}' }`
  project = await environmentProject({ storage, approval: false })
  await project.git('switch', '--quiet', 'dev')
  const { code, stderr } = await hawser('release', version, '--yes')
  expect(`${code} ${stderr}`).toMatch(/^0 /)
  await project.git('switch', '--quiet', 'main')
}, 240_000)
afterAll(async () => {
  await project?.remove()
  await proxy?.close()
  await server?.stop()
})

function hawser(...args: readonly string[]) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env
  return project.hawser(args, { environment: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } })
}

async function stored(key: string): Promise<Uint8Array> {
  const { Body } = await server.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return (await Body?.transformToByteArray()) ?? new Uint8Array()
}

const writes = (): readonly SeenRequest[] => seen.filter(({ method }) => !['GET', 'HEAD'].includes(method))

function watch(decide: FaultProxy['decide'] = () => undefined): void {
  seen = []
  proxy.clear()
  proxy.decide = (request) => {
    seen.push(request)
    return decide(request)
  }
}

const packages = [
  ['debian', 'pool/main/h/hello/hello_1.0.0-1_amd64.deb'],
  ['fedora', 'packages/h/hello-1.0.0-1.x86_64.rpm'],
] as const

describe('a promotion on S3', () => {
  test('copies packages inside of the service, also when an answer is lost; only indexes and records are sent', async () => {
    let lost = 0
    watch(({ headers }) =>
      headers['x-amz-copy-source'] !== undefined && lost++ === 0 ? { kind: 'lost answer' } : undefined,
    )

    const { code, stderr } = await hawser('release', version, '--yes')

    expect(`${code} ${stderr}`).toMatch(/^0 /)
    expect(lost).toBeGreaterThan(0)
    for (const [repository, path] of packages) {
      const written = writes().filter((request) => request.path === `/${bucket}/${repository}/${path}`)
      expect(written.length).toBeGreaterThan(0)
      for (const { headers } of written) {
        expect(headers['x-amz-copy-source']).toBe(`${bucket}/${repository}-staging/${path}`)
      }
      expect(sha256(await stored(`${repository}/${path}`))).toBe(
        sha256(await stored(`${repository}-staging/${path}`)),
      )
    }
  })

  test('repeated writes nothing there', async () => {
    watch()

    const { code, stdout } = await hawser('promote', 'staging', 'production', version, '--yes')

    expect(`${code} ${stdout}`).toMatch(/^0 "production" has the packages of hello 1\.0\.0 already/)
    expect(writes()).toEqual([])
    expect(seen.length).toBeGreaterThan(0)
  })

  test('of a package whose tests cannot be looked up waits for the service, and never goes on without', async () => {
    watch(({ path }) =>
      path.includes('/tests/') ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined,
    )

    const { code, stderr } = await hawser('promote', 'staging', 'production', version, '--yes')

    expect(`${code} ${stderr}`).toMatch(/^2 S3_DENIED: .*[/]tests[/]/)
    expect(writes()).toEqual([])
  })
})
