import { UserError } from '../errors.ts'

/** git-check-ref-format(1) for `refs/tags/NAME`; what it allows has no `..` and no part that begins with a dot. */
export function checkTagName(name: string): void {
  const problem = tagProblem(name)
  if (problem === undefined) return
  throw new UserError('TAG_NAME', `${JSON.stringify(name)} cannot be the name of a tag: ${problem}.`, {
    hint: 'Write release.tag with letters, digits, ".", "-", "_" and "/", for example "v${version}".',
  })
}

export function tagProblem(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (Buffer.byteLength(name) > 200) return 'it is longer than 200 bytes'
  if (hasControlCharacter(name)) return 'it has a control character'
  if (!name.isWellFormed()) return 'it is not valid Unicode'
  const bad = /[ ~^:?*[\\]|\.\.|@\{|\/\/|\.$|\/$/.exec(name)?.[0]
  if (bad !== undefined) return `git does not allow "${bad}" there`
  if (name === '@' || name.startsWith('-')) return 'git would take it for something else'
  const part = name.split('/').find((each) => each === '' || each.startsWith('.') || each.endsWith('.lock'))
  return part === undefined ? undefined : `git does not allow the part "${part}"`
}

/** The name becomes a file name, here and where users download it. */
export function checkAssetName(name: string): void {
  const problem = assetProblem(name)
  if (problem === undefined) return
  throw new UserError('ASSET_NAME', `${JSON.stringify(name)} cannot be the name of an asset: ${problem}.`, {
    hint: 'A name of an asset is a plain file name, without folders, that does not begin with a dot.',
  })
}

function assetProblem(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (Buffer.byteLength(name) > 200) return 'it is longer than 200 bytes'
  if (hasControlCharacter(name)) return 'it has a control character'
  if (!name.isWellFormed()) return 'it is not valid Unicode'
  if (/[/\\]/.test(name)) return 'it has a path separator'
  return name.startsWith('.') ? 'it begins with a dot' : undefined
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f')
}
