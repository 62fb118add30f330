import { appendFileSync } from 'node:fs'
import { stat, truncate } from 'node:fs/promises'
import { inspect } from 'node:util'
import type { LoggerTransport } from '@restatedev/restate-sdk'

const sizeMaxBytes = 4 << 20

/** The SDK reports its own failures only to its logger: without one they are lost, and the handler hangs silently. */
export async function sdkLog(path: string, onNotice: (text: string) => void): Promise<LoggerTransport> {
  await emptyWhenLarge(path)
  let isWritable = true
  return ({ level, context }, ...parts) => {
    if (level !== 'warn' && level !== 'error') return
    const text = parts.map((part) => (typeof part === 'string' ? part : inspect(part))).join(' ')
    const where = context?.invocationTarget ?? ''
    try {
      appendFileSync(path, `${new Date().toISOString()} ${level} ${where} ${text}\n`, { mode: 0o600 })
    } catch (error) {
      // On a full disk; the SDK would end the process for it. Once is enough: it logs a lot then.
      if (isWritable) onNotice(`The log "${path}" cannot be written: ${String(error)}`)
      isWritable = false
    }
  }
}

/** Logs are for the present trouble; records live in the engine's state. */
export async function emptyWhenLarge(path: string): Promise<void> {
  try {
    if ((await stat(path)).size > sizeMaxBytes) await truncate(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
