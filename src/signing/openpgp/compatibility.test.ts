import { expect, test } from 'vitest'
import { keyKinds } from '../../clients/verifiers.ts'
import { describeCompatibility } from './compatibility.ts'

test('RSA is what every client accepts', () => {
  expect(describeCompatibility('rsa')).toMatchObject({ canSign: true, refusedBy: [] })
})

test('every client stands on exactly one side, for every kind of key', () => {
  for (const kind of keyKinds) {
    const { acceptedBy, refusedBy } = describeCompatibility(kind)
    expect(new Set([...acceptedBy, ...refusedBy]).size).toBe(acceptedBy.length + refusedBy.length)
    expect(acceptedBy.length + refusedBy.length).toBe(describeCompatibility('rsa').acceptedBy.length)
  }
})

test('nothing signs that current Debian, with gpgv or with sqv, cannot verify', () => {
  for (const kind of keyKinds) {
    const { canSign, refusedBy } = describeCompatibility(kind)
    if (canSign) expect(refusedBy.filter((client) => !client.startsWith('rpm 4.16'))).toEqual([])
  }
})
