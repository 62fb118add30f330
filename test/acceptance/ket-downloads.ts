import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeTar } from '../../src/archive/write-tar.ts'
import { digestOf, hexOf } from '../../src/lib/digest.ts'
import { dockerPackage } from './ket-docker.ts'

/** Small files in the place of the real downloads, at their addresses without "https://". */
export interface Downloads {
  /** For `--input downloads=…`. */
  readonly input: string
  /** Paths that were asked for. */
  readonly requests: readonly string[]
  close(): Promise<void>
}

/** Serves every version of what the example downloads; the same address always gives the same bytes. */
export async function startDownloads(): Promise<Downloads> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').slice(1))
    requests.push(path)
    standIn(path).then(
      (bytes) => {
        response.writeHead(bytes === undefined ? 404 : 200, { 'content-length': bytes?.length ?? 0 })
        response.end(bytes)
      },
      (error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return {
    input: `http://127.0.0.1:${address.port}/`,
    requests,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What stands in for a download; undefined where the example downloads nothing. */
export async function standIn(path: string): Promise<Uint8Array | undefined> {
  const summed = /^(?<file>.+)\.sha256$/.exec(path)?.groups?.['file']
  if (summed !== undefined) {
    const bytes = await standIn(summed)
    return bytes === undefined ? undefined : Buffer.from(`${hexOf(digestOf(bytes))}\n`)
  }
  const folder =
    /^(?<folder>github\.com\/coreos\/etcd\/releases\/download\/v(?<version>[^/]+))\/SHA256SUMS$/.exec(
      path,
    )?.groups
  if (folder !== undefined) {
    const name = `etcd-v${folder['version']}-linux-amd64.tar.gz`
    const bytes = await standIn(`${folder['folder']}/${name}`)
    return bytes === undefined ? undefined : Buffer.from(`${hexOf(digestOf(bytes))}  ${name}\n`)
  }
  for (const { pattern, make } of kinds) {
    const groups = pattern.exec(path)?.groups
    if (groups !== undefined) return make({ name: '', version: '', ...groups })
  }
  return undefined
}

interface Kind {
  readonly pattern: RegExp
  make(of: { readonly name: string; readonly version: string }): Promise<Uint8Array> | Uint8Array
}

const kinds: readonly Kind[] = [
  {
    pattern:
      /^storage\.googleapis\.com\/kubernetes-release\/release\/v(?<version>[^/]+)\/bin\/linux\/amd64\/(?<name>kube[a-z-]+)$/,
    make: ({ name, version }) => program(name, version),
  },
  {
    pattern:
      /^github\.com\/projectcalico\/calico-(?:containers|cni)\/releases\/download\/v(?<version>[^/]+)\/(?<name>[a-z-]+)$/,
    make: ({ name, version }) => program(name, version),
  },
  {
    pattern:
      /^github\.com\/coreos\/etcd\/releases\/download\/v[^/]+\/etcd-v(?<version>[^/]+)-linux-amd64\.tar\.gz$/,
    make: ({ version }) => archive(`etcd-v${version}-linux-amd64/`, ['etcd', 'etcdctl'], version),
  },
  {
    pattern:
      /^github\.com\/containernetworking\/cni\/releases\/download\/v[^/]+\/cni-v(?<version>[^/]+)\.tgz$/,
    make: ({ version }) => archive('', cniPlugins, version),
  },
  {
    pattern: /\/docker-engine_(?<version>[^-]+)-0~xenial_amd64\.deb$/,
    make: ({ version }) => built(version, 'deb'),
  },
  {
    pattern:
      /\/(?<name>docker-engine(?:-selinux)?)-(?<version>[0-9.]+)-1\.el7\.centos\.(?:x86_64|noarch)\.rpm$/,
    make: ({ name, version }) => built(version, name === 'docker-engine' ? 'rpm' : 'selinux'),
  },
]

export const cniPlugins = [
  'bridge',
  'cnitool',
  'dhcp',
  'flannel',
  'host-local',
  'ipvlan',
  'loopback',
  'macvlan',
  'ptp',
  'tuning',
]

export const program = (name: string, version: string): Buffer =>
  Buffer.from(`#!/bin/sh\n# Stands in for the real program.\necho "${name} ${version}"\n`)

async function archive(folder: string, names: readonly string[], version: string): Promise<Uint8Array> {
  const owner = { owner: 'root', group: 'root', ownerId: 0, groupId: 0, mtime: 0 }
  const files = names.map((name) => {
    const bytes = program(name, version)
    return {
      ...owner,
      type: 'file' as const,
      path: `${folder}${name}`,
      mode: 0o755,
      sizeBytes: bytes.length,
      body: async function* () {
        yield bytes
      },
    }
  })
  const pieces: Uint8Array[] = []
  for await (const piece of writeTar(files)) pieces.push(piece)
  // Stored, so that the bytes are no matter of the compressor's version.
  return gzipSync(Buffer.concat(pieces), { level: 0 })
}

async function built(version: string, kind: 'deb' | 'rpm' | 'selinux'): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-docker-'))
  try {
    return await readFile(await dockerPackage(folder, version, kind))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
