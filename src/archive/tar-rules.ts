import { posix } from 'node:path'
import { UserError } from '../errors.ts'

export interface TarRulesOptions {
  /**
   * `extract` (the usual): everything stays below one folder. `install`: the archive is the image of a root file
   * system, where absolute paths and links are ordinary.
   */
  readonly purpose?: 'extract' | 'install'
}

interface Written {
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink'
  readonly target: string
  readonly offset: number
}

/** What makes an archive safe to unpack; remembers the entries so far. */
export class TarRules {
  readonly #purpose: 'extract' | 'install'
  readonly #seen = new Map<string, Written['type']>()

  constructor({ purpose = 'extract' }: TarRulesOptions) {
    this.#purpose = purpose
  }

  check(written: Written): { path: string; target: string | undefined } {
    const path = this.#checkPath(written.path, written)
    this.#checkNew(path, written)
    this.#checkParents(path, written)
    const target = this.#checkTarget(path, written)
    this.#seen.set(path, written.type)
    return { path, target }
  }

  #checkPath(text: string, { offset }: Written): string {
    if (text === '' || text.includes('\0') || text.includes('\uFFFD')) {
      throw refuse('TAR_PATH', `has the path "${text}", which is not a name in UTF-8`, offset)
    }
    if (text.startsWith('/') && this.#purpose === 'extract') {
      throw refuse('TAR_PATH', `has the absolute path "${text}"`, offset)
    }
    if (text.split('/').includes('..'))
      throw refuse('TAR_PATH', `has the path "${text}", which leads out`, offset)
    return text
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/')
  }

  #checkNew(path: string, { type, offset }: Written): void {
    const before = this.#seen.get(path)
    if (before === undefined || (before === 'directory' && type === 'directory')) return
    throw refuse('TAR_DUPLICATE', `has the path "${path}" a second time`, offset)
  }

  // A link planted first would redirect what is written through it.
  #checkParents(path: string, { offset }: Written): void {
    for (let parent = posix.dirname(path); parent !== '.'; parent = posix.dirname(parent)) {
      const type = this.#seen.get(parent)
      if (type === undefined || type === 'directory') continue
      if (type === 'symlink' && this.#purpose === 'install') continue
      throw refuse('TAR_PATH', `puts "${path}" below "${parent}", which is a ${type}`, offset)
    }
  }

  #checkTarget(path: string, written: Written): string | undefined {
    const { type, target, offset } = written
    if (type === 'file' || type === 'directory') return undefined
    if (type === 'hardlink') {
      const linked = this.#checkPath(target, written)
      if (this.#seen.get(linked) === 'file' || this.#seen.get(linked) === 'hardlink') return linked
      throw refuse('TAR_LINK', `links "${path}" to "${target}", which is not an earlier file`, offset)
    }
    if (target === '') throw refuse('TAR_LINK', `has the link "${path}" without a target`, offset)
    if (this.#purpose === 'install') return target
    const resolved = posix.normalize(posix.join(posix.dirname(path), target))
    if (target.startsWith('/') || resolved === '..' || resolved.startsWith('../')) {
      throw refuse('TAR_LINK', `links "${path}" to "${target}", which leads out`, offset)
    }
    return target
  }
}

const doNotUse = 'Do not use this file if you do not know where it comes from.'

function refuse(code: string, what: string, offset: number): UserError {
  return new UserError(code, `The tar entry at offset ${offset} ${what}.`, { hint: doNotUse })
}

export function tooLarge(offset: number, what: string): UserError {
  return new UserError('ARCHIVE_TOO_LARGE', `The tar archive has ${what} (at offset ${offset}).`, {
    hint: doNotUse,
  })
}

/** Device nodes, pipes, sparse files and kinds that tar may invent. */
export function unsupportedEntry(type: string, path: string, offset: number): UserError {
  const name = entryNames[type] ?? `an entry of the unknown kind "${type}"`
  return new UserError('TAR_ENTRY', `The tar entry at offset ${offset}, "${path}", is ${name}.`, {
    hint: 'Only files, directories and links are read from archives.',
  })
}

const entryNames: { readonly [flag: string]: string } = {
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a named pipe',
  S: 'a sparse file',
  sparse: 'a sparse file',
}
