import { execFile, execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { https } from '../../src/sources/https/https.ts'
import { failureOf, useProject } from './project.ts'

const project = useProject()
const sha256 = '0'.repeat(64)

/** A server with a certificate that nobody has signed; it redirects to plain http on this machine. */
async function serveTls(): Promise<{ origin: string; certificate: string }> {
  const [key, certificate] = [join(project().folder, 'key.pem'), join(project().folder, 'certificate.pem')]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...[
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost',
        '-keyout',
        key,
        '-out',
        certificate,
      ],
    ],
    { stdio: 'ignore' },
  )
  const server: Server = createServer(
    { key: await readFile(key), cert: await readFile(certificate) },
    (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/a.bin' }).end(),
  )
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { origin: `https://localhost:${port}`, certificate }
}

const withoutPort = (text: string): string => text.replaceAll(/localhost:\d+/g, 'localhost')

test('a server that cannot prove who it is is refused, not retried', async () => {
  const { origin } = await serveTls()

  const source = https.create(https.options.parse({ url: `${origin}/a.bin`, sha256 }), project())

  await expect(withoutPort(await failureOf(source, project()))).toMatchFileSnapshot('testdata/errors/tls.txt')
  expect(project().retries).toEqual([])
})

test('a redirect from https to http is refused, even to this machine', async () => {
  const { origin, certificate } = await serveTls()
  const sources = JSON.stringify(join(import.meta.dirname, '../../src'))
  const program = `
    const { openArtifactStore } = await import(${sources} + '/artifacts/store.ts')
    const { failureText } = await import(${sources} + '/errors.ts')
    const { https } = await import(${sources} + '/sources/https/https.ts')
    const context = { root: '/', environment: {}, store: await openArtifactStore(${JSON.stringify(project().store.folder)}) }
    const source = https.create(https.options.parse(${JSON.stringify({ url: `${origin}/a.bin`, sha256 })}), context)
    await source.fetch(new AbortController().signal).catch((error) => console.log(failureText(error)))
  `

  // Node reads the certificate only when it starts.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate },
  })

  await expect(withoutPort(stdout.trim())).toMatchFileSnapshot('testdata/errors/redirect-downgrade.txt')
})
