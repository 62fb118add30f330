import { expect, test } from 'vitest'
import { interpreterRequires, isShell, parseScript } from './scriptlets.ts'

test.each([
  ['echo hi\n', ['/bin/sh'], 'echo hi'],
  ['#!/bin/bash\necho hi\n', ['/bin/bash'], 'echo hi'],
  ['#! /usr/bin/python3 -I -s\nprint()\n', ['/usr/bin/python3', '-I', '-s'], 'print()'],
  ['#!<lua>\nprint()', ['<lua>'], 'print()'],
  ['#!/sbin/ldconfig', ['/sbin/ldconfig'], ''],
])('%j runs in %j', (text, interpreter, body) => {
  expect(parseScript(text)).toEqual({ interpreter, body })
})

test('the interpreter is required for its script, and rpm’s own abilities where they are used', () => {
  expect(interpreterRequires(parseScript('true'), 0x400)).toEqual([
    { name: '/bin/sh', flags: 0x500, version: '' },
  ])
  expect(interpreterRequires(parseScript('#!<lua>\nx'), 0x400).map(({ name }) => name)).toEqual([
    'rpmlib(BuiltinLuaScripts)',
  ])
  expect(interpreterRequires(parseScript('#!/bin/sh -e\nx'), 0).map(({ name }) => name)).toEqual([
    '/bin/sh',
    'rpmlib(ScriptletInterpreterArgs)',
  ])
})

test('only shells can be given lines for systemd units', () => {
  expect(isShell(parseScript('#!/usr/bin/bash -e\ntrue'))).toBe(true)
  expect(isShell(parseScript('#!/usr/bin/python3\ntrue'))).toBe(false)
})
