import type { S3Client } from '@aws-sdk/client-s3'
import { retryTransient } from '../../lib/retry.ts'
import type { S3Options } from './s3.ts'
import { failureOf, type S3Action } from './s3-errors.ts'

const silent = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }

function ignore(): void {
  // The SDK prints to the console by itself otherwise.
}

type Sdk = typeof import('@aws-sdk/client-s3')

export interface CallOptions {
  readonly action: S3Action
  /** Path in the storage, for messages. */
  readonly path: string
  readonly signal?: AbortSignal | undefined
}

/** A bucket, and how to reach it. The SDK is loaded by the first call, since most commands need none. */
export class Connection {
  readonly bucket: string
  readonly prefix: string
  readonly location: string
  /** Two connections with the same place can copy from each other inside the service. */
  readonly place: string
  readonly options: S3Options
  #client: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | undefined

  constructor(options: S3Options) {
    this.options = options
    this.bucket = options.bucket
    this.prefix = options.prefix === undefined ? '' : `${options.prefix.replace(/\/+$/, '')}/`
    this.location = `s3://${this.bucket}/${this.prefix}`
    this.place = [this.endpoint ?? 'aws', this.region].join(' ')
  }

  get endpoint(): string | undefined {
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env
    return this.options.endpoint ?? AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL
  }

  get region(): string {
    const { AWS_REGION, AWS_DEFAULT_REGION } = process.env
    return this.options.region ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? 'us-east-1'
  }

  /** The address of the objects, when nobody says otherwise. */
  get url(): string {
    if (this.options.url !== undefined) return this.options.url.replace(/\/+$/, '')
    const base =
      this.endpoint === undefined
        ? `https://${this.bucket}.s3.${this.region}.amazonaws.com`
        : `${this.endpoint.replace(/\/+$/, '')}/${this.bucket}`
    return `${base}/${this.prefix}`.replace(/\/+$/, '')
  }

  key(path: string): string {
    return this.prefix + path
  }

  /** Retried by the class of failure; the attempt's number tells whether an earlier answer may have been lost. */
  async call<Result>(
    { action, path, signal = new AbortController().signal }: CallOptions,
    run: (context: {
      sdk: Sdk
      client: S3Client
      attempt: number
      abortSignal: AbortSignal
    }) => Promise<Result>,
  ): Promise<Result> {
    const { sdk, client } = await this.#open()
    return retryTransient(
      async (attempt) => {
        try {
          return await run({ sdk, client, attempt, abortSignal: signal })
        } catch (error) {
          signal.throwIfAborted()
          throw failureOf(error, { action, path, connection: this })
        }
      },
      { attemptsMax: 8, firstDelayMs: 50, delayMaxMs: 5000, signal, random: Math.random },
    )
  }

  #open(): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
    this.#client ??= this.#connect()
    return this.#client
  }

  async #connect() {
    const sdk = await import('@aws-sdk/client-s3')
    const { endpoint, region } = this
    const { pathStyle = endpoint !== undefined } = this.options
    const client = new sdk.S3Client({
      region,
      forcePathStyle: pathStyle,
      ...(endpoint === undefined ? {} : { endpoint }),
      // Checksums in trailers are refused by some services; Content-MD5 and our own digests do the same.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // What goes wrong is said by our own errors; nothing is printed past the terminal.
      logger: silent,
      // We retry ourselves: by class, and knowing that an answer may have been lost.
      maxAttempts: 1,
      requestHandler: { connectionTimeout: 10_000, requestTimeout: 120_000, throwOnRequestTimeout: true },
    })
    return { sdk, client }
  }
}
