import { readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { isOwnerAlive, ownerName } from '../artifacts/scratch.ts'
import { codeOf, fileSystemError, removeQuietly, writeFileAtomic } from '../lib/atomic-file.ts'

/** An unfinished download that this process alone writes to. */
export interface Partial {
  readonly path: string
  /** Only a strong tag: RFC 9110, 13.1.5 forbids weak ones for parts. */
  entityTag(): Promise<string | undefined>
  rememberEntityTag(entityTag: string | undefined): Promise<void>
  /** Leaves the file to whoever comes next. */
  release(): Promise<void>
  remove(): Promise<void>
}

/**
 * Takes over what an ended process left of this download, or begins a new file. The name is `KEY.OWNER`; taking over
 * is a rename, which one process wins, so two never write to one file and no lock can be left behind.
 */
export async function claimPartial(folder: string, key: string): Promise<Partial> {
  const path = join(folder, `${key}.${ownerName()}`)
  for (const name of await abandoned(folder, key)) {
    if (await moveIfThere(join(folder, name), path)) break
  }
  return new PartialFile(folder, key, path)
}

class PartialFile implements Partial {
  readonly path: string
  readonly #released: string
  readonly #tagPath: string

  constructor(folder: string, key: string, path: string) {
    this.path = path
    this.#released = join(folder, `${key}.${released}`)
    this.#tagPath = join(folder, `${key}${tagSuffix}`)
  }

  async entityTag(): Promise<string | undefined> {
    try {
      return await readFile(this.#tagPath, 'utf8')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw fileSystemError(error, 'read', this.#tagPath)
    }
  }

  async rememberEntityTag(entityTag: string | undefined): Promise<void> {
    if (entityTag?.startsWith('"') === true) await writeFileAtomic(this.#tagPath, entityTag)
    else await removeQuietly(this.#tagPath)
  }

  async release(): Promise<void> {
    await moveIfThere(this.path, this.#released)
  }

  async remove(): Promise<void> {
    await removeQuietly(this.path)
    await removeQuietly(this.#tagPath)
  }
}

const released = 'released'
const tagSuffix = '.etag'

async function abandoned(folder: string, key: string): Promise<string[]> {
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(`${key}.`) && !name.endsWith(tagSuffix),
  )
  return names.filter((name) => !isOwnerAlive(name.slice(key.length + 1))).sort()
}

async function moveIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw fileSystemError(error, 'write', to)
  }
}
