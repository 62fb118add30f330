/** Keys and places in lists, from the top. */
export type YamlPath = readonly (string | number)[]

const part = /\["((?:[^"\\]|\\.)+)"\]|\['([^']+)'\]|\[(\d+)\]|([^.[\]]+)/y

/** `a.b[0].c`, and `a["b.c"]` for keys with dots; undefined when it is none. */
export function parseYamlPath(text: string): YamlPath | undefined {
  const path: (string | number)[] = []
  let at = 0
  while (at < text.length) {
    const isFirst = at === 0
    if (text[at] === '.') {
      if (isFirst) return undefined
      at += 1
      if (text[at] === '[') return undefined
    } else if (!isFirst && text[at] !== '[') return undefined
    part.lastIndex = at
    const found = part.exec(text)
    if (found === null) return undefined
    const [whole, doubleQuoted, singleQuoted, index, plain] = found
    path.push(index === undefined ? key(doubleQuoted, singleQuoted ?? plain) : Number(index))
    at += whole.length
  }
  return path.length === 0 ? undefined : path
}

const key = (doubleQuoted: string | undefined, other: string | undefined): string =>
  doubleQuoted === undefined ? (other ?? '') : doubleQuoted.replace(/\\(.)/g, '$1')
