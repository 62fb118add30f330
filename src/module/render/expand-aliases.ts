import { type Document, isAlias, isMap, isScalar, isSeq, type Pair, visit, type YAMLMap } from 'yaml'

/**
 * Aliases and merge keys (`<<`) become copies, so that a change to one place changes no other and none is missed. Call
 * it for documents whose aliases were found to be bounded.
 */
export function expandAliases(document: Document.Parsed): void {
  visit(document, {
    Alias: (_key, alias) => {
      const target = alias.resolve(document)
      if (target === undefined) return undefined
      const copy = target.clone() as typeof target
      if ('anchor' in copy) delete copy.anchor
      return copy
    },
  })
  visit(document, {
    Node: (_key, node) => {
      if (!isAlias(node) && node.anchor !== undefined) delete node.anchor
    },
  })
  // From the inside out: what is merged may itself be merged.
  visit(document, { Map: (_key, map) => mergeInto(map) })
}

function mergeInto(map: YAMLMap): void {
  for (;;) {
    const index = map.items.findIndex(({ key }) => isScalar(key) && key.value === '<<')
    const pair = map.items[index]
    if (pair === undefined) return
    const sources = isSeq(pair.value) ? pair.value.items : [pair.value]
    const known = new Set(map.items.map(keyOf))
    const added: Pair[] = []
    for (const item of sources.flatMap((source) => (isMap(source) ? source.items : []))) {
      if (known.has(keyOf(item)) && keyOf(item) !== '<<') continue
      known.add(keyOf(item))
      added.push(item as Pair)
    }
    map.items.splice(index, 1, ...(added as typeof map.items))
  }
}

const keyOf = ({ key }: Pair): unknown => (isScalar(key) ? key.value : key)
