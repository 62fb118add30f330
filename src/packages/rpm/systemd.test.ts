import { describe, expect, test } from 'vitest'
import type { SystemdUnit } from '../package-spec.ts'
import { systemdSnippets } from './systemd.ts'

const service: SystemdUnit = { unit: 'hello.service', enable: false, start: false, restartAfterUpgrade: true }
const timer: SystemdUnit = { unit: 'hello.timer', enable: true, start: true, restartAfterUpgrade: false }

test('without units there is nothing to do', () => {
  expect(systemdSnippets([], 'el9')).toEqual({ postInstall: '', preRemove: '', postRemove: '' })
})

describe.each([
  ['fedora', 'fedora42'],
  ['el9', 'el9'],
  ['el8', 'el8'],
])('on %s', (name, distribution) => {
  test('units that nobody enables follow the presets', async () => {
    await expect(shown([service], distribution)).toMatchFileSnapshot(`testdata/systemd/${name}.txt`)
  })

  test('units to be enabled and started say so at the first installation', async () => {
    await expect(shown([service, timer], distribution)).toMatchFileSnapshot(
      `testdata/systemd/${name}-enable.txt`,
    )
  })
})

test('a distribution that is not named has systemd-update-helper', () => {
  expect(systemdSnippets([service], undefined)).toEqual(systemdSnippets([service], 'fedora42'))
})

function shown(units: readonly SystemdUnit[], distribution: string): string {
  const { postInstall, preRemove, postRemove } = systemdSnippets(units, distribution)
  return `%post\n${postInstall}%preun\n${preRemove}%postun\n${postRemove}`
}
