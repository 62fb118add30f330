// One of several processes that publish to the same repository; see apt-race.test.ts.
import { readFile } from 'node:fs/promises'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { openpgpVerifier } from '../../src/signing/openpgp/verifier.ts'
import { now, publishDebs } from './apt-world.ts'

const [repository, keyFile, ...debs] = process.argv.slice(2)
if (repository === undefined || keyFile === undefined) throw new Error('wrong arguments')
const privateKeyArmored = await readFile(keyFile, 'utf8')
const signer = await openpgpSigner({ key: privateKeyArmored, now })
const key = { signer, verifier: await openpgpVerifier([signer.publicKeyBinary]), privateKeyArmored }

process.stdout.write('ready\n')
for await (const _go of process.stdin) {
  for (const deb of debs) await publishDebs([deb], { to: repository, key })
  break
}
process.stdin.destroy()
