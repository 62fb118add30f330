// Publishes once, and kills itself at a storage call; see kill.test.ts.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { digestOfFile } from '../../src/lib/digest.ts'
import { packageFormats } from '../../src/packages/index.ts'
import { repositoryFormats } from '../../src/repositories/index.ts'
import { publishPackages } from '../../src/repositories/publish.ts'
import type { RepositoryFormat } from '../../src/repositories/repository-format.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { openpgpVerifier } from '../../src/signing/openpgp/verifier.ts'
import { type Choice, createChosen } from '../../src/steps/choice.ts'
import { storages } from '../../src/storage/index.ts'
import type { Storage, StorageContext } from '../../src/storage/storage.ts'
import { everyCall } from './every-call.ts'

export interface KillOrder {
  readonly storage: Choice
  readonly format: Choice
  readonly keyFile: string
  readonly files: readonly string[]
  readonly date: string
  /** The call at which it dies, from 1, and whether the call is done then; never, when there are fewer. */
  readonly at: number
  readonly when: 'before' | 'after'
}

const order: KillOrder = JSON.parse(process.argv[2] ?? '')
const folder = '/'
const format = createChosen<RepositoryFormat, { folder: string }>(repositoryFormats, order.format, { folder })
const real = createChosen<Storage, StorageContext>(storages, order.storage, { folder })
const kind = packageFormats.find(({ name }) => name === format.packageFormat)?.name ?? 'file'
const privateKeyArmored = await readFile(order.keyFile, 'utf8')
const signer = await openpgpSigner({ key: privateKeyArmored, now: new Date(order.date) })
const verifier = await openpgpVerifier([signer.publicKeyBinary])

let calls = 0
const storage = everyCall(real, async (_call, run) => {
  calls += 1
  const isLast = calls === order.at
  if (isLast && order.when === 'before') process.kill(process.pid, 'SIGKILL')
  const result = await run()
  if (isLast) process.kill(process.pid, 'SIGKILL')
  return result
})
const additions = await Promise.all(
  order.files.map(async (file) => {
    const { digest, sizeBytes } = await digestOfFile(file)
    return { file, artifact: { name: basename(file), kind, digest, sizeBytes } }
  }),
)
const date = new Date(order.date)
await publishPackages({ format, storage, signers: [signer], verifier, name: 'kill', date, additions })
process.stdout.write(`${calls}\n`)
