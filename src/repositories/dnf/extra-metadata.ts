import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { isMap, parseAllDocuments } from 'yaml'
import { gzipMember } from '../../archive/compress-gzip.ts'
import { UserError } from '../../errors.ts'
import { fileSystemError } from '../../lib/atomic-file.ts'
import { digestOf, hexOf } from '../../lib/digest.ts'
import type { Upload } from '../repository-format.ts'
import { type MetadataRecord, renderRecord } from './repomd.ts'
import { readXml } from './xml-elements.ts'

/** Files of the project that go into the repository beside the three lists; paths are relative to hawser.yaml. */
export interface ExtraMetadataFiles {
  readonly comps?: string | undefined
  readonly modules?: string | undefined
  readonly updateinfo?: string | undefined
}

export interface ExtraMetadata {
  /** Under names that hold their digest. */
  readonly uploads: readonly Upload[]
  /** The `<data>` elements; `timestamp` in seconds since 1970. */
  records(timestamp: number): readonly string[]
  /** Whether a record of this type that is there already gives way to one of ours. */
  replaces(type: string): boolean
  /** Whether these records say what ours would say, apart from the time. */
  isIn(records: readonly Pick<MetadataRecord, 'type' | 'checksum'>[]): boolean
}

type Kind = keyof ExtraMetadataFiles

interface KindFacts {
  /** What createrepo_c and modifyrepo_c call it. */
  readonly type: string
  readonly fileName: string
  readonly contentType: string
  /** Also stored as it is: old clients read groups only so. */
  readonly isStoredPlain: boolean
  check(bytes: Uint8Array, file: string): Promise<void>
}

const kinds: { readonly [kind in Kind]-?: KindFacts } = {
  comps: {
    type: 'group',
    fileName: 'comps.xml',
    contentType: 'application/xml',
    isStoredPlain: true,
    check: (bytes, file) => checkXml(bytes, file, 'comps'),
  },
  modules: {
    type: 'modules',
    fileName: 'modules.yaml',
    contentType: 'application/yaml',
    isStoredPlain: false,
    check: checkModules,
  },
  updateinfo: {
    type: 'updateinfo',
    fileName: 'updateinfo.xml',
    contentType: 'application/xml',
    isStoredPlain: false,
    check: (bytes, file) => checkXml(bytes, file, 'updates'),
  },
}

const kindNames = ['comps', 'modules', 'updateinfo'] as const satisfies readonly Kind[]

/** Reads and checks the files; throws a UserError that names the file where one is missing or is something else. */
export async function extraMetadata(files: ExtraMetadataFiles, folder: string): Promise<ExtraMetadata> {
  const stored: StoredFile[] = []
  const types: string[] = []
  for (const kind of kindNames) {
    const file = files[kind]
    if (file === undefined) continue
    const bytes = await readProjectFile(file, folder, kind)
    await kinds[kind].check(bytes, file)
    stored.push(...(await storedFiles(kinds[kind], bytes)))
    types.push(kinds[kind].type)
  }
  return {
    uploads: stored.map(({ upload }) => upload),
    records: (timestamp) => stored.map(({ record }) => renderRecord({ ...record, timestamp })),
    // Other forms of the same (group_gz, modules_zck) would be preferred by some clients, and describe the old file.
    replaces: (type) => types.some((own) => type === own || type.startsWith(`${own}_`)),
    isIn: (records) =>
      stored.every(({ record }) =>
        records.some(
          ({ type, checksum }) => type === record.type && checksum.value === record.checksum.value,
        ),
      ),
  }
}

async function readProjectFile(file: string, folder: string, kind: Kind): Promise<Uint8Array> {
  const path = posix.normalize(file)
  if (posix.isAbsolute(path) || path.split('/')[0] === '..') {
    throw new UserError('DNF_EXTRA_FILE', `${JSON.stringify(file)} is outside of the project.`, {
      hint: `Copy it into the project, and name it in "${kind}" relative to hawser.yaml.`,
    })
  }
  try {
    return await readFile(join(folder, path))
  } catch (error) {
    throw fileSystemError(error, `read the repository's ${kind} from`, file)
  }
}

type RecordFacts = Omit<Parameters<typeof renderRecord>[0], 'timestamp'>

interface StoredFile {
  readonly upload: Upload
  readonly record: RecordFacts
}

async function storedFiles(facts: KindFacts, plain: Uint8Array): Promise<readonly StoredFile[]> {
  const { type, fileName, contentType, isStoredPlain } = facts
  const openChecksum = checksumOf(plain)
  const packed = await gzipMember(plain, 9)
  const asIs = storedFile(fileName, contentType, plain, {
    type,
    openChecksum: undefined,
    openSizeBytes: undefined,
  })
  const gzipped = storedFile(`${fileName}.gz`, 'application/gzip', packed, {
    type: isStoredPlain ? `${type}_gz` : type,
    openChecksum,
    openSizeBytes: plain.length,
  })
  return isStoredPlain ? [asIs, gzipped] : [gzipped]
}

function storedFile(
  name: string,
  contentType: string,
  body: Uint8Array,
  facts: Pick<RecordFacts, 'type' | 'openChecksum' | 'openSizeBytes'>,
): StoredFile {
  const checksum = checksumOf(body)
  const path = `repodata/${checksum.value}-${name}`
  return {
    upload: { path, body, contentType, caching: 'immutable' },
    record: { ...facts, checksum, path, sizeBytes: body.length },
  }
}

const checksumOf = (bytes: Uint8Array) => ({ type: 'sha256', value: hexOf(digestOf(bytes)) })

async function checkXml(bytes: Uint8Array, file: string, root: string): Promise<void> {
  const text = Buffer.from(bytes).toString('latin1')
  // Groups traditionally name a document type; without definitions of its own it means nothing to a reader.
  const withoutType = text.replace(/<!DOCTYPE\s[^<>[\]]*>/, '')
  try {
    await readXml(once(Buffer.from(withoutType, 'latin1')), { where: file, root, namespace: '', parts: [] })
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw broken(file, cause.message, cause)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** libmodulemd's documents: each says what it is and in which version. */
async function checkModules(bytes: Uint8Array, file: string): Promise<void> {
  const documents = parseAllDocuments(Buffer.from(bytes).toString())
  if (!Array.isArray(documents) || documents.length === 0) {
    throw broken(file, `${file} has no document.`)
  }
  for (const [index, document] of documents.entries()) {
    const [error] = document.errors
    if (error !== undefined) throw broken(file, `${file} is no YAML: ${error.message.split('\n')[0]}`, error)
    const { contents } = document
    const kind: unknown = isMap(contents) ? contents.get('document') : undefined
    const version: unknown = isMap(contents) ? contents.get('version') : undefined
    if (typeof kind !== 'string' || !kind.startsWith('modulemd') || !Number.isInteger(version)) {
      throw broken(
        file,
        `Document ${index + 1} of ${file} does not begin with "document: modulemd…" and a version.`,
      )
    }
  }
}

const broken = (file: string, message: string, cause?: unknown): UserError =>
  new UserError('DNF_EXTRA_METADATA', message, {
    hint: `Repair ${file}: clients would stumble over it.`,
    cause,
  })
