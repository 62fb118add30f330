// One of several processes that publish to the same repository; see race.test.ts.
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

/** What a worker is told, as its only argument. */
export interface RaceOrder {
  readonly storage: Choice
  readonly format: Choice
  readonly keyFile: string
  /** The files of each publisher. */
  readonly shares: readonly (readonly string[])[]
  /** How many of them go in one publish. */
  readonly batch: number
  readonly date: string
}

const order: RaceOrder = JSON.parse(process.argv[2] ?? '')
const privateKeyArmored = await readFile(order.keyFile, 'utf8')
const signer = await openpgpSigner({ key: privateKeyArmored, now: new Date(order.date) })
const verifier = await openpgpVerifier([signer.publicKeyBinary])

process.stdout.write('ready\n')
for await (const _go of process.stdin) {
  await Promise.all(order.shares.map(publishShare))
  break
}
process.stdin.destroy()

async function publishShare(files: readonly string[]): Promise<void> {
  const folder = '/'
  const format = createChosen<RepositoryFormat, { folder: string }>(repositoryFormats, order.format, {
    folder,
  })
  const storage = createChosen<Storage, StorageContext>(storages, order.storage, { folder })
  const kind = packageFormats.find(({ name }) => name === format.packageFormat)?.name ?? 'file'
  for (let at = 0; at < files.length; at += order.batch) {
    const additions = await Promise.all(
      files.slice(at, at + order.batch).map(async (file) => {
        const { digest, sizeBytes } = await digestOfFile(file)
        return { file, artifact: { name: basename(file), kind, digest, sizeBytes } }
      }),
    )
    await publishPackages({
      format,
      storage,
      signers: [signer],
      verifier,
      name: 'race',
      date: new Date(order.date),
      additions,
    })
  }
}
