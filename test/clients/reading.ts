import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Reader, ReaderKind } from './readers.ts'

export interface ReadableRepository<Source> {
  readonly source: Source
  /** Everything in it, as Reader.available says it. */
  readonly packages: readonly string[]
  readonly installable: {
    readonly name: string
    /** A file of it, and what that must hold. */
    readonly path: string
    readonly content: string
  }
}

/** One test for every client and repository: the client reads it without a word of complaint, sees all packages, and installs one. Repositories must be there when tests run, not before. */
export function testReading<Source>(
  readers: readonly ReaderKind<Source>[],
  repositories: Readonly<Record<string, () => ReadableRepository<Source>>>,
): void {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hr-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  let count = 0
  for (const kind of readers) {
    describe.runIf(kind.isSelected)(`${kind.name} reads`, () => {
      test.each(Object.entries(repositories))('%s', async (_, repositoryOf) => {
        const repository = repositoryOf()
        count += 1
        const reader = await kind.create(join(folder, String(count)), repository.source)
        try {
          await read(reader, repository)
        } finally {
          await reader.remove()
        }
      })
    })
  }
}

async function read<Source>(
  reader: Reader,
  { packages, installable }: ReadableRepository<Source>,
): Promise<void> {
  const refresh = await reader.refresh()
  expect(refresh.status, `${refresh.stdout}\n${refresh.stderr}`).toBe(0)
  // apt says so and goes on without the repository.
  expect(refresh.stderr).not.toMatch(/^[EW]:/m)
  expect(await reader.available()).toEqual(packages)

  const install = await reader.install(installable.name)
  expect(install.status, `${install.stdout}\n${install.stderr}`).toBe(0)
  expect(await readFile(reader.root(installable.path), 'utf8')).toBe(installable.content)
}
