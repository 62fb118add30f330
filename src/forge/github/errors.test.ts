import { describe, expect, test } from 'vitest'
import { TransientError } from '../../errors.ts'
import { answerError, GitHubError, rateLimitPauseMs } from './errors.ts'
import { LostAnswer } from './http.ts'

const now = Date.parse('2026-01-02T03:04:05Z')
const purpose = { what: 'looking', repository: 'a/b', host: 'api.github.com', now }
const answer = (status: number, headers: object = {}, message = '') => ({
  status,
  headers: { ...headers },
  data: { message },
})

describe('how long to stay away', () => {
  test.each([
    ['Retry-After in seconds', answer(403, { 'retry-after': '30' }), 30_000],
    ['Retry-After as a date', answer(429, { 'retry-after': 'Fri, 02 Jan 2026 03:05:05 GMT' }), 60_000],
    ['a Retry-After that says nothing', answer(429, { 'retry-after': 'soon' }), 60_000],
    ['a date that is over', answer(429, { 'retry-after': 'Fri, 02 Jan 2026 03:00:00 GMT' }), 0],
    [
      'the primary limit, until its reset and a second more',
      answer(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / 1000 + 10) }),
      11_000,
    ],
    [
      'a secondary limit, known by its words',
      answer(403, {}, 'You have exceeded a secondary rate limit.'),
      60_000,
    ],
    [
      'abuse detection, its older name',
      answer(403, {}, 'You have triggered an abuse detection mechanism.'),
      60_000,
    ],
    ['429 without a word', answer(429), 60_000],
    [
      'a missing permission',
      answer(403, { 'x-ratelimit-remaining': '4999' }, 'Resource not accessible'),
      undefined,
    ],
    ['another error', answer(500, { 'retry-after': '30' }), undefined],
  ])('%s', (_name, refused, pauseMs) => {
    expect(rateLimitPauseMs(refused, now)).toBe(pauseMs)
  })
})

describe('fates', () => {
  test('a limit was surely not carried out; of a bad gateway nobody knows', () => {
    const limit = answerError(answer(403, { 'retry-after': '5' }), purpose)
    const gateway = answerError(answer(502), purpose)

    expect(limit).toBeInstanceOf(TransientError)
    expect(limit).not.toBeInstanceOf(LostAnswer)
    expect(gateway).toBeInstanceOf(LostAnswer)
  })

  test.each([
    ['Reference already exists', [], true, false],
    ['Validation Failed', [{ resource: 'Release', code: 'already_exists', field: 'tag_name' }], true, false],
    ['Reference does not exist', [], false, true],
    ['Validation Failed', [{ resource: 'Release', code: 'missing', field: 'x' }], false, true],
    ['Validation Failed', [{ resource: 'Release', code: 'custom', message: 'is too long' }], false, false],
  ])('422 %s %j', (message, errors, isThere, isAbsent) => {
    const error = answerError({ status: 422, headers: {}, data: { message, errors } }, purpose)

    expect(error).toBeInstanceOf(GitHubError)
    expect(error).toMatchObject({ isThere, isAbsent })
  })
})
