import { describe, expect, test } from 'vitest'
import { compareDebVersions, compareRpmVersions } from './version-order.ts'

// From rpm's tests/rpmvercmp.at.
const rpmVectors: readonly (readonly [string, string, number])[] = [
  ['1.0', '1.0', 0],
  ['1.0', '2.0', -1],
  ['2.0.1', '2.0.1', 0],
  ['2.0', '2.0.1', -1],
  ['2.0.1a', '2.0.1a', 0],
  ['2.0.1a', '2.0.1', 1],
  ['5.5p1', '5.5p2', -1],
  ['5.5p10', '5.5p1', 1],
  ['10xyz', '10.1xyz', -1],
  ['xyz10', 'xyz10.1', -1],
  ['xyz.4', '8', -1],
  ['xyz.4', '2', -1],
  ['5.5p2', '5.6p1', -1],
  ['5.6p1', '6.5p1', -1],
  ['6.0.rc1', '6.0', 1],
  ['10b2', '10a1', 1],
  ['10a2', '10b2', -1],
  ['1.0aa', '1.0a', 1],
  ['10.0001', '10.1', 0],
  ['10.0001', '10.0039', -1],
  ['4.999.9', '5.0', -1],
  ['20101121', '20101122', -1],
  ['2_0', '2_0', 0],
  ['2.0', '2_0', 0],
  ['2_0', '2.0', 0],
  ['a', 'a', 0],
  ['a+', 'a+', 0],
  ['a+', 'a_', 0],
  ['+a', '_a', 0],
  ['+_', '_+', 0],
  ['+', '_', 0],
  ['1.0~rc1', '1.0~rc1', 0],
  ['1.0~rc1', '1.0', -1],
  ['1.0', '1.0~rc1', 1],
  ['1.0~rc1', '1.0~rc2', -1],
  ['1.0~rc1~git123', '1.0~rc1~git123', 0],
  ['1.0~rc1~git123', '1.0~rc1', -1],
  ['1.0^', '1.0^', 0],
  ['1.0^', '1.0', 1],
  ['1.0', '1.0^', -1],
  ['1.0^git1', '1.0', 1],
  ['1.0^git1', '1.0^git2', -1],
  ['1.0^git1', '1.01', -1],
  ['1.01', '1.0^git1', 1],
  ['1.0^20160101', '1.0.1', -1],
  ['1.0^20160101^git1', '1.0^20160101^git1', 0],
  ['1.0^20160102', '1.0^20160101^git1', 1],
  ['1.0~rc1^git1', '1.0~rc1^git1', 0],
  ['1.0~rc1^git1', '1.0~rc1', 1],
  ['1.0^git1~pre', '1.0^git1', -1],
  ['1.0^git1', '1.0^git1~pre', 1],
  ['1.900', '1.8000', -1],
  ['FC5', 'fc4', -1],
  ['2A', '2.0', -1],
  ['1.0', '1.fc4', 1],
  ['3.0.0_fc', '3.0.0.fc', 0],
  ['1b.fc17', '1b.fc17', 0],
  ['1g.fc17', '1g.fc17', 0],
  ['1g.fc17', '1.fc17', 1],
]

// From dpkg's and apt's tests.
const debVectors: readonly (readonly [string, string, number])[] = [
  ['7.6p2-4', '7.6-0', 1],
  ['1.0.3-3', '1.0-1', 1],
  ['1.3', '1.2.2-2', 1],
  ['1.3', '1.2.2', 1],
  ['0-pre', '0-pre', 0],
  ['0-pre', '0-pree', -1],
  ['1.1.6r2-2', '1.1.6r-1', 1],
  ['2.6b2-1', '2.6b-2', 1],
  ['98.1p5-1', '98.1-pre2-b6-2', -1],
  ['0.4a6-2', '0.4-1', 1],
  ['1:3.0.5-2', '1:3.0.5.1-1', -1],
  ['1:0.4', '10.3', 1],
  ['1:1.25-4', '1:1.25-8', -1],
  ['0:1.18.36', '1.18.36', 0],
  ['1.18.36', '1.18.35', 1],
  ['9:1.18.36:5.4-20', '10:0.5.1-22', -1],
  ['1.18.36-0.17.35-18', '1.18.36-19', 1],
  ['1:1.2.13-3', '1:1.2.13-3.1', -1],
  ['2.0.7pre1-4', '2.0.7r-1', -1],
  ['0.2', '1.0-0', -1],
  ['1.0', '1.0-0', 0],
  ['1.0', '1.0-0+b1', -1],
  ['1.2.3', '1.2.3-0', 0],
  ['00.1', '0.1', 0],
  ['1.0~', '1.0', -1],
  ['1.0~~', '1.0~', -1],
  ['1.0~beta1~svn1245', '1.0~beta1', -1],
  ['1.002-1+b2', '1.00', 1],
  ['3.0~rc1-1', '3.0-1', -1],
  ['1.5.1-10', '1.5.1-9', 1],
]

describe('rpm order', () => {
  test.each(rpmVectors)('%s against %s is %i', (a, b, expected) => {
    expect(Math.sign(compareRpmVersions(a, b))).toBe(expected)
    expect(Math.sign(compareRpmVersions(b, a)) + expected).toBe(0)
  })

  test('epochs come first, releases last, and a missing release is not compared', () => {
    expect(compareRpmVersions('1:1.0-1', '2.0-1')).toBeGreaterThan(0)
    expect(compareRpmVersions('1.5.1_9-1', '1.5.1_10-1')).toBeLessThan(0)
    expect(compareRpmVersions('1.0-1', '1.0-2')).toBeLessThan(0)
    expect(compareRpmVersions('1.0', '1.0-2')).toBe(0)
  })
})

describe('deb order', () => {
  test.each(debVectors)('%s against %s is %i', (a, b, expected) => {
    expect(Math.sign(compareDebVersions(a, b))).toBe(expected)
    expect(Math.sign(compareDebVersions(b, a)) + expected).toBe(0)
  })
})
