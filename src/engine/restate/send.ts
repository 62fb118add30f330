import type * as restate from '@restatedev/restate-sdk'
import { serviceNames } from './messages.ts'

const json: restate.Serde<unknown> = {
  contentType: 'application/json',
  serialize: (value) => new TextEncoder().encode(JSON.stringify(value)),
  deserialize: (data) => JSON.parse(new TextDecoder().decode(data)),
}

export interface Message {
  readonly service: keyof typeof serviceNames
  readonly handler: string
  /** Of the object; absent for services. */
  readonly key?: string
  readonly body: unknown
  readonly delayMs?: number
  readonly idempotencyKey?: string
}

/** Sends by name: the services need each other, and typed clients would make their modules a circle. */
export function send(
  context: restate.Context,
  { service, handler, key, body, delayMs, idempotencyKey }: Message,
): restate.InvocationHandle {
  return context.genericSend({
    service: serviceNames[service],
    method: handler,
    parameter: body,
    inputSerde: json,
    ...(key !== undefined && { key }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(delayMs !== undefined && { delay: delayMs }),
  })
}
