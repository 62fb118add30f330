import { gunzipSync } from 'node:zlib'
import type { PackageWorld } from './package-world.ts'

/** As a client without credentials. */
export async function readObject({ s3 }: PackageWorld, bucket: string, path: string): Promise<Buffer> {
  const answer = await fetch(`${s3.endpoint}/${bucket}/${path}`)
  if (answer.status !== 200) throw new Error(`${bucket}/${path} cannot be read: ${answer.status}`)
  return Buffer.from(await answer.arrayBuffer())
}

/** Versions of a package that the index lists, sorted; each as often as it is listed. */
export async function debVersions(world: PackageWorld, bucket: string, name: string): Promise<string[]> {
  const packed = await readObject(world, bucket, 'dists/xenial/main/binary-amd64/Packages.gz')
  return gunzipSync(packed)
    .toString()
    .split('\n\n')
    .filter((stanza) => stanza.includes(`Package: ${name}\n`))
    .map((stanza) => /^Version: (.*)$/m.exec(stanza)?.[1] ?? '')
    .toSorted()
}

export async function rpmVersions(world: PackageWorld, bucket: string, name: string): Promise<string[]> {
  const repomd = (await readObject(world, bucket, 'repodata/repomd.xml')).toString()
  const [, primary = ''] = /<data type="primary">[\s\S]*?<location href="([^"]+)"/.exec(repomd) ?? []
  const text = gunzipSync(await readObject(world, bucket, primary)).toString()
  return [...text.matchAll(/<name>([^<]+)<\/name>[\s\S]*?<version epoch="0" ver="([^"]+)" rel="([^"]+)"/g)]
    .filter(([, found]) => found === name)
    .map(([, , version, release]) => `${version}-${release}`)
    .toSorted()
}
