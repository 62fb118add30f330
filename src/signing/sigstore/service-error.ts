import { TransientError, UserError } from '../../errors.ts'

const services: { readonly [code: string]: string } = {
  CA_CREATE_SIGNING_CERTIFICATE_ERROR: 'The certificate authority (Fulcio)',
  TLOG_CREATE_ENTRY_ERROR: 'The transparency log (Rekor)',
  TLOG_FETCH_ENTRY_ERROR: 'The transparency log (Rekor)',
  TSA_CREATE_TIMESTAMP_ERROR: 'The timestamp authority',
}

/** What sigstore's library throws, sorted: answers that will not change, and those that may. */
export function serviceError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const service = services[String(error.code)]
  if (service === undefined) return error
  const { cause } = error
  const status = cause instanceof Error && 'statusCode' in cause ? Number(cause.statusCode) : undefined
  const isFinal = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429
  if (!isFinal) {
    const what = status === undefined ? 'cannot be reached' : `answered ${status}`
    return new TransientError('SIGSTORE_SERVICE', `${service} ${what}.`, { cause })
  }
  const said = cause instanceof Error ? cleaned(cause.message) : ''
  return new UserError('SIGSTORE_REFUSED', `${service} refused: ${said}.`, {
    hint: 'The identity token may have expired, or its issuer is not known there. Check the addresses of the services.',
    cause,
  })
}

/** A stranger's text: one line, no control characters, cut. */
function cleaned(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 200)
    .replace(/\.$/, '')
}
