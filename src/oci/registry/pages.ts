import { UserError } from '../../errors.ts'
import type { HttpAnswer } from './http.ts'
import type { UploadTarget } from './upload-target.ts'

/** A list that comes page by page. */
export class Pages {
  readonly #target: UploadTarget
  readonly #visited = new Set<string>()

  constructor(target: UploadTarget) {
    this.#target = target
  }

  /** RFC 8288, with the relation "next". Undefined: this was the last page. */
  next({ headers }: HttpAnswer): URL | undefined {
    const { link: written } = headers
    const link = Array.isArray(written) ? written.join(',') : written
    const [, address] = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '') ?? []
    if (address === undefined) return undefined
    const { connection, repository } = this.#target
    const url = connection.resolve(address, 'reading a list page by page')
    if (this.#visited.has(url.href)) {
      throw new UserError(
        'OCI_PAGES',
        `A list of ${connection.host}/${repository} never ends: its pages repeat.`,
        {
          hint: 'The registry, or a proxy before it, does not follow the distribution specification.',
        },
      )
    }
    this.#visited.add(url.href)
    return url
  }
}
