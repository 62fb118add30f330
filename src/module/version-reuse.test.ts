import { describe, expect, test } from 'vitest'
import { Refusal, TransientError } from '../errors.ts'
import { buildModule } from './build-module.ts'
import { assembleComponent, pushComponent } from './component-artifact.ts'
import { memoryStore } from './testdata/memory-store.ts'
import { originModule, sampleInputs } from './testdata/sample-module.ts'
import { modulePresence } from './version-reuse.ts'

const built = await buildModule(originModule, sampleInputs)

describe('the version of a module', () => {
  test('that nobody pushed is absent', async () => {
    expect(await modulePresence(memoryStore(), built)).toBe('absent')
  })

  test('that is there with the same content is used again, also for another channel', async () => {
    const store = memoryStore()
    await pushComponent(store, built.artifact, built.tag)
    const otherChannel = await buildModule({ ...originModule, channel: 'regular' }, sampleInputs)

    expect(await modulePresence(store, built)).toBe('same')
    expect(await modulePresence(store, otherChannel)).toBe('same')
  })

  test('that another tool pushed with the same content is used again', async () => {
    const store = memoryStore()
    const theirs = await assembleComponent(built.descriptor, built.artifact.layers.slice(1), {
      creator: 'other',
    })
    await pushComponent(store, theirs, built.tag)

    expect(await modulePresence(store, built)).toBe('same')
  })

  test('that is there with other content is refused, before anything is written', async () => {
    const store = memoryStore()
    await pushComponent(store, built.artifact, built.tag)
    const before = store.writes.length
    const source = { ...sampleInputs.source, commit: 'f'.repeat(40) }
    const other = await buildModule(originModule, { ...sampleInputs, source })

    const error = await modulePresence(store, other).catch((caught: unknown) => caught)

    expect(error).toBeInstanceOf(Refusal)
    expect((error as Refusal).message).toContain('sources.0.access.commit: "0123456789abcdef')
    expect(store.writes.length).toBe(before)
  })

  test('is not taken for absent when it vanishes while it is read', async () => {
    const store = memoryStore()
    const other = await buildModule({ ...originModule, registry: 'registry.example.org/other' }, sampleInputs)
    await pushComponent(store, other.artifact, built.tag)
    const vanishing = { ...store, manifest: async () => undefined }

    await expect(modulePresence(vanishing, built)).rejects.toBeInstanceOf(TransientError)
  })

  test('is not taken for absent when the store cannot say', async () => {
    const store = { ...memoryStore(), resolve: () => Promise.reject(new Error('no answer')) }

    await expect(modulePresence(store, built)).rejects.toThrow('no answer')
  })
})
