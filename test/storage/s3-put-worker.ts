// A process that stores one large file, to be killed in the middle; see s3-parts.test.ts.
import { stat } from 'node:fs/promises'
import { s3Options } from '../../src/storage/s3/s3.ts'
import { s3Storage } from '../../src/storage/s3/s3-storage.ts'

const [options = '', path = '', file = ''] = process.argv.slice(2)
const { size } = await stat(file)
await s3Storage(s3Options.parse(JSON.parse(options))).put(path, { file, sizeBytes: size })
