/** Negative, 0 or positive: `a` before, as good as, or after `b` in dpkg's order (deb-version(7)). */
export function compareDebVersions(a: string, b: string): number {
  const left = splitDeb(a)
  const right = splitDeb(b)
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareDebPart(left.upstream, right.upstream) ||
    compareDebPart(left.revision, right.revision)
  )
}

/** The same for rpm, over `[epoch:]version[-release]`. A missing release is left out of the comparison. */
export function compareRpmVersions(a: string, b: string): number {
  const left = splitRpm(a)
  const right = splitRpm(b)
  const byVersion = compareDigits(left.epoch, right.epoch) || rpmvercmp(left.version, right.version)
  if (byVersion !== 0 || left.release === undefined || right.release === undefined) return byVersion
  return rpmvercmp(left.release, right.release)
}

function splitDeb(text: string): { epoch: string; upstream: string; revision: string } {
  const colon = text.indexOf(':')
  const rest = text.slice(colon + 1)
  const hyphen = rest.lastIndexOf('-')
  return {
    epoch: colon === -1 ? '0' : text.slice(0, colon),
    upstream: hyphen === -1 ? rest : rest.slice(0, hyphen),
    revision: hyphen === -1 ? '' : rest.slice(hyphen + 1),
  }
}

function splitRpm(text: string): { epoch: string; version: string; release: string | undefined } {
  const colon = text.indexOf(':')
  const rest = text.slice(colon + 1)
  const hyphen = rest.lastIndexOf('-')
  return {
    epoch: colon === -1 ? '0' : text.slice(0, colon),
    version: hyphen === -1 ? rest : rest.slice(0, hyphen),
    release: hyphen === -1 ? undefined : rest.slice(hyphen + 1),
  }
}

/** dpkg's verrevcmp: non-digits by weight, then digits by value, in turns. */
function compareDebPart(a: string, b: string): number {
  let [left, right] = [a, b]
  while (left !== '' || right !== '') {
    const [leftText, rightText] = [leading(left, /^\D*/), leading(right, /^\D*/)]
    const byText = compareDebText(leftText, rightText)
    if (byText !== 0) return byText
    left = left.slice(leftText.length)
    right = right.slice(rightText.length)
    const [leftDigits, rightDigits] = [leading(left, /^\d*/), leading(right, /^\d*/)]
    const byDigits = compareDigits(leftDigits, rightDigits)
    if (byDigits !== 0) return byDigits
    left = left.slice(leftDigits.length)
    right = right.slice(rightDigits.length)
  }
  return 0
}

function compareDebText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = debWeight(a[index]) - debWeight(b[index])
    if (difference !== 0) return Math.sign(difference)
  }
  return 0
}

// Tilde, then the end of the part, then letters, then everything else.
function debWeight(character: string | undefined): number {
  if (character === '~') return -1
  if (character === undefined) return 0
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}

/** rpm's rpmvercmp: segments of digits or letters; separators only separate; `~` sorts before and `^` after the end. */
function rpmvercmp(a: string, b: string): number {
  if (a === b) return 0
  let [left, right] = [a, b]
  while (left !== '' || right !== '') {
    left = left.replace(/^[^A-Za-z0-9~^]+/, '')
    right = right.replace(/^[^A-Za-z0-9~^]+/, '')
    const bySign = compareRpmSigns(left, right)
    if (bySign === 'both') {
      left = left.slice(1)
      right = right.slice(1)
      continue
    }
    if (bySign !== 0) return bySign
    if (left === '' || right === '') break
    const isNumber = /^\d/.test(left)
    const pattern = isNumber ? /^\d+/ : /^[A-Za-z]+/
    const [leftPart, rightPart] = [leading(left, pattern), leading(right, pattern)]
    // Segments of different kinds: the number is newer.
    if (rightPart === '') return isNumber ? 1 : -1
    const byPart = isNumber ? compareDigits(leftPart, rightPart) : compareText(leftPart, rightPart)
    if (byPart !== 0) return byPart
    left = left.slice(leftPart.length)
    right = right.slice(rightPart.length)
  }
  return Math.sign(left.length - right.length)
}

function compareRpmSigns(left: string, right: string): number | 'both' {
  if (left.startsWith('~') || right.startsWith('~')) {
    if (!left.startsWith('~')) return 1
    return right.startsWith('~') ? 'both' : -1
  }
  if (left.startsWith('^') || right.startsWith('^')) {
    if (left === '') return -1
    if (right === '') return 1
    if (!left.startsWith('^')) return 1
    return right.startsWith('^') ? 'both' : -1
  }
  return 0
}

const leading = (text: string, pattern: RegExp): string => pattern.exec(text)?.[0] ?? ''

// Digits of any length, so no conversion to numbers.
function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  return Math.sign(left.length - right.length) || compareText(left, right)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
