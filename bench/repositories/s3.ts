import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRadosgw } from '../../test/servers/radosgw.ts'
import { startFaultProxy } from '../../test/servers/s3-faults.ts'
import { makeDebs } from './debs.ts'
import { ours } from './ours.ts'

/** The same onto a real S3 server, with a proxy that counts requests and bytes. */
export async function s3Part(sizes: readonly number[]): Promise<void> {
  const server = await startRadosgw()
  const proxy = await startFaultProxy(server.endpoint)
  try {
    console.log(
      '| S3: packages | wall | requests | uploaded | downloaded | package |\n| --- | --- | --- | --- | --- | --- |',
    )
    for (const size of sizes) {
      const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-s3-'))
      try {
        const debs = makeDebs(join(folder, 'files'), 0, size + 3)
        const bucket = await server.bucket()
        const storage = `{ s3: { bucket: ${bucket}, endpoint: "${proxy.endpoint}", region: us-east-1 } }`
        const repository = await ours(join(folder, 'ours'), { format: 'apt', storage })
        await repository.start(debs.slice(0, size).map(({ file }) => file))
        for (const { file } of debs.slice(size)) {
          proxy.clear()
          const { seconds } = await repository.add([file])
          const up = proxy.requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0)
          const down = proxy.requests.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)
          console.log(
            `| ${size} | ${seconds.toFixed(3)} s | ${proxy.requests.length} | ${up} B | ${down} B | ${statSync(file).size} B |`,
          )
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
  } finally {
    await proxy.close()
    await server.stop()
  }
}
