import type { Storage } from '../../src/storage/storage.ts'

export interface StorageCall {
  readonly name: 'head' | 'get' | 'put' | 'compose' | 'copy' | 'list' | 'delete'
  readonly path: string
}

/** A storage whose every call goes through `around`. */
export function everyCall(
  storage: Storage,
  around: <Result>(call: StorageCall, run: () => Promise<Result>) => Promise<Result>,
): Storage {
  return {
    ...storage,
    head: (path, options) => around({ name: 'head', path }, () => storage.head(path, options)),
    get: (path, options) => around({ name: 'get', path }, () => storage.get(path, options)),
    put: (path, body, options) => around({ name: 'put', path }, () => storage.put(path, body, options)),
    compose: (path, pieces, options) =>
      around({ name: 'compose', path }, () => storage.compose(path, pieces, options)),
    copy: (from, path, options) => around({ name: 'copy', path }, () => storage.copy(from, path, options)),
    async *list(prefix, options) {
      await around({ name: 'list', path: prefix }, async () => undefined)
      yield* storage.list(prefix, options)
    },
    delete: (path, options) => around({ name: 'delete', path }, () => storage.delete(path, options)),
  }
}
