import { afterEach, expect, test } from 'vitest'
import { everyPackage, type FormatName, InstallWorld, kismatic, master, textOf } from './install-world.ts'

// What happened on 2016-11-22: 1.4.6-1 was published, and a machine that wanted 1.4.5-1 could not have it any more.

let world: InstallWorld | undefined
afterEach(() => world?.remove())

async function published(format: FormatName): Promise<InstallWorld> {
  world = await InstallWorld.create(format)
  await world.publish('1.4.5-1', ...kismatic('1.4.5-1'))
  return world
}

test('apt: once 1.4.6-1 is published, "apt-get install master=1.4.5-1" breaks, and a command that names every package works', async () => {
  const report = await (await published('deb')).report('1.4.6-1', kismatic('1.4.6-1'), [master, everyPackage])

  expect(report.broken.map(({ kind, command }) => [kind, command])).toEqual([
    ['older', 'apt-get install kismatic-kubernetes-master=1.4.5-1'],
  ])
  expect(report.tried).toBe(10)
  await expect(textOf(report)).toMatchFileSnapshot('testdata/origin-apt.txt')
})

test('dnf: the same command works, with the versions that it names', async () => {
  const report = await (await published('rpm')).report('1.4.6-1', kismatic('1.4.6-1'), [master, everyPackage])

  await expect(textOf(report)).toMatchFileSnapshot('testdata/origin-dnf.txt')
  expect(report.broken).toEqual([])
  expect(report.tried).toBe(10)
})

test('apt: before anything else is published, 1.4.5-1 can be installed by either command', async () => {
  world = await InstallWorld.create('deb')

  const report = await world.report('1.4.5-1', kismatic('1.4.5-1'), [master, everyPackage])

  expect(report).toMatchObject({ broken: [], tried: 4, earlier: [] })
  expect(report.assumed).toEqual(['bridge-utils', 'iptables >= 1.4.21', 'socat'])
})

test('after the release is published, the same check says the same: it is no earlier release of itself', async () => {
  const it = await published('deb')
  const before = await it.report('1.4.6-1', kismatic('1.4.6-1'), [master])
  await it.publish('1.4.6-1', ...kismatic('1.4.6-1'))

  expect(await it.report('1.4.6-1', kismatic('1.4.6-1'), [master])).toEqual(before)
})
