import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ByteStream } from './compression.ts'

export interface XzSettings {
  readonly level: number
  readonly threads: number
  readonly blockSizeBytes: number
}

/**
 * Compresses with the system's xz(1): the same liblzma as our own codec, whose prebuilt binary is compiled without
 * optimisation and needs 1.6 times the time. Throws when there is no xz, or it fails.
 */
export async function* throughXzTool(input: ByteStream, settings: XzSettings): ByteStream {
  const child = spawn('xz', toolArguments(settings), { env: { PATH: process.env['PATH'], LC_ALL: 'C' } })
  const ended = endOf(child)
  const feeding = feed(input, child)
  // Both are awaited after the output; until then a failure must not count as unhandled.
  for (const work of [ended, feeding]) work.catch(() => undefined)
  try {
    yield* child.stdout
    // What the input says counts more than that the tool complains about its end.
    await feeding
    await ended
  } finally {
    child.kill()
    await Promise.allSettled([feeding, ended])
  }
}

function toolArguments({ level, threads, blockSizeBytes }: XzSettings): string[] {
  return [
    '--compress',
    '--stdout',
    '--format=xz',
    '--check=crc64',
    // One thread means another encoder, whose blocks do not carry their sizes.
    `--threads=${Math.max(2, threads)}`,
    `--block-size=${blockSizeBytes}`,
    // Rather fail than choose a smaller dictionary on a small machine: the bytes would differ.
    '--no-adjust',
    `-${level}`,
  ]
}

async function feed(input: ByteStream, child: ChildProcessWithoutNullStreams): Promise<void> {
  // A tool that dies closes its input; its exit status says more than EPIPE.
  const closed = new Promise<void>((resolve) =>
    child.stdin.once('close', resolve).once('error', () => resolve()),
  )
  try {
    for await (const piece of input) {
      if (child.stdin.destroyed) return
      if (!child.stdin.write(piece))
        await Promise.race([once(child.stdin, 'drain').catch(() => undefined), closed])
    }
    child.stdin.end()
  } catch (error) {
    child.kill()
    throw error
  }
}

function endOf(child: ChildProcessWithoutNullStreams): Promise<void> {
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-1000)
  })
  return new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => {
      if (status === 0) resolve()
      else reject(new Error(`xz ended with ${signal ?? `status ${status}`}: ${complaint.trim()}`))
    })
  })
}
