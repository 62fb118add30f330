import { createHmac, randomUUID } from 'node:crypto'
import type { GitHubEvent } from './world.ts'

export interface WebhookOptions {
  readonly url: string
  readonly secret?: string
}

/** Posts events as GitHub does, once each: it does not repeat what was not taken. */
export class Webhooks {
  readonly #target: WebhookOptions | undefined
  readonly #deliveries = new Set<Promise<void>>()
  /** Status of each delivery; 0: nobody was there. */
  readonly statuses: number[] = []

  constructor(target: WebhookOptions | undefined) {
    this.#target = target
  }

  send({ name, payload }: GitHubEvent): void {
    if (this.#target === undefined) return
    const delivery = this.#post(this.#target, name, JSON.stringify(payload))
    this.#deliveries.add(delivery)
    delivery.finally(() => this.#deliveries.delete(delivery)).catch(() => undefined)
  }

  async #post({ url, secret }: WebhookOptions, name: string, body: string): Promise<void> {
    const signature =
      secret === undefined
        ? {}
        : { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/1',
      'x-github-event': name,
      'x-github-delivery': randomUUID(),
      ...signature,
    }
    try {
      const { status } = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(10_000),
      })
      this.statuses.push(status)
    } catch {
      // GitHub shows failed deliveries to the owner; nobody else hears of them.
      this.statuses.push(0)
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#deliveries)
  }
}
