import type { HttpAnswer } from './http.ts'

export interface KeptAnswer {
  readonly etag: string
  readonly bytes: Buffer
  readonly headers: HttpAnswer['headers']
}

const answersMax = 300
const bytesMax = 1 << 20

/** Answers that are kept for If-None-Match: a 304 costs nothing of the rate limit. The one that was used least goes first. */
export class AnswerCache {
  readonly #answers = new Map<string, KeptAnswer>()

  find(key: string): KeptAnswer | undefined {
    return this.#answers.get(key)
  }

  keep(key: string, { status, headers }: HttpAnswer, bytes: Buffer): void {
    const { etag } = headers
    if (status !== 200 || etag === undefined || bytes.length > bytesMax) return
    this.#answers.delete(key)
    this.#answers.set(key, { etag, bytes, headers })
    const oldest = this.#answers.keys().next().value
    if (this.#answers.size > answersMax && oldest !== undefined) this.#answers.delete(oldest)
  }
}
