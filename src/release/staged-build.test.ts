import { expect, test } from 'vitest'
import type { Config, EnvironmentConfig } from '../config/config.ts'
import { failureText } from '../errors.ts'
import { stagedBuild, takenFrom } from './staged-build.ts'

const staging: EnvironmentConfig = {
  ...{ name: 'staging', repositories: ['deb-staging'], branches: ['dev'] },
  ...{ from: undefined, approval: undefined },
}
const production: EnvironmentConfig = {
  ...{ name: 'production', repositories: ['deb'], branches: ['main'], from: 'staging', approval: undefined },
}
// Nothing else of a configuration is read.
const config = { environments: { staging, production } } as unknown as Config

const listing = (repository: string, ...builds: number[]) => ({
  listed: builds.map((build) => ({
    ...{ repository, build, format: 'deb', name: 'kubelet', version: `1.5.2-${build}` },
    spell: String,
  })),
  used: [],
})

test('a branch takes packages over only where it builds none', () => {
  expect(takenFrom(config, 'main')).toEqual([staging])
  expect([takenFrom(config, 'dev'), takenFrom(config, 'topic'), takenFrom(config, undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('the newest build where they are taken from; others do not count', () => {
  const found = stagedBuild('1.5.2', [staging], [listing('deb-staging', 1, 3, 2), listing('deb', 7)])

  expect(found).toMatchObject({ build: 3, because: 'it is the newest build in staging' })
})

test('where there is none, it is said where to release first', () => {
  expect(() => stagedBuild('1.5.2', [staging], [listing('deb', 7)])).toThrow(
    expect.objectContaining({ code: 'NEXT_NOT_STAGED' }),
  )
  try {
    stagedBuild('1.5.2', [staging], [])
  } catch (error) {
    expect(failureText(error)).toContain('Release it to staging first, from dev.')
  }
})
