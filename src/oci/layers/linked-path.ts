import { posix } from 'node:path'
import { UserError } from '../../errors.ts'

/** As Linux has it (path_resolution(7)). */
const hopsMax = 40

/**
 * Where a path of a layer really is: folders that are links in the layers so far (`lib` → `usr/lib`) are followed, and
 * never lead out of the image. The last part is left as it is.
 */
export function linkedPath(written: string, linkAt: (path: string) => string | undefined): string {
  let hops = 0
  const follow = (path: string): string => {
    let folder = ''
    const parts = path.split('/').filter((part) => part !== '')
    const last = parts.pop() ?? ''
    for (const part of parts) {
      const here = posix.join(folder, part)
      const target = linkAt(here)
      if (target === undefined) {
        folder = here
        continue
      }
      hops += 1
      if (hops > hopsMax) throw circleError(written)
      // "/.." is "/": a link cannot lead out.
      const aim = posix.normalize(target.startsWith('/') ? target : `/${posix.join(folder, target)}`)
      folder = followAll(aim.slice(1))
    }
    return posix.join(folder, last)
  }
  const followAll = (path: string): string => {
    const followed = follow(posix.join(path, 'x'))
    return posix.dirname(followed) === '.' ? '' : posix.dirname(followed)
  }
  return written === '' ? '' : follow(written)
}

const circleError = (path: string): UserError =>
  new UserError('OCI_LINKS', `The way to "/${path}" in an image leads through links in a circle.`, {
    hint: 'No program could open the file. Build the image again.',
  })
