import { xmlAttributes } from './xml-escape.ts'

export interface DocumentShape {
  readonly root: string
  readonly namespaces: Readonly<Record<string, string>> & { readonly xmlns: string }
  /** Parts of a `<package>` that we read. */
  readonly parts: readonly string[]
}

/** The three files that list every package, in the order of repomd.xml. */
export const documentShapes = {
  primary: {
    root: 'metadata',
    namespaces: {
      xmlns: 'http://linux.duke.edu/metadata/common',
      'xmlns:rpm': 'http://linux.duke.edu/metadata/rpm',
    },
    parts: ['name', 'arch', 'version', 'checksum', 'size', 'location'],
  },
  filelists: {
    root: 'filelists',
    namespaces: { xmlns: 'http://linux.duke.edu/metadata/filelists' },
    parts: [],
  },
  other: { root: 'otherdata', namespaces: { xmlns: 'http://linux.duke.edu/metadata/other' }, parts: [] },
} as const satisfies Record<string, DocumentShape>

export type IndexKind = keyof typeof documentShapes
export const indexKinds = ['primary', 'filelists', 'other'] as const satisfies readonly IndexKind[]

export const isIndexKind = (name: string): name is IndexKind => indexKinds.some((kind) => kind === name)

/**
 * What stands before the packages. It has no count of them: an index is extended at its end, so its beginning must never
 * change; every client reads the packages and not the count (dnf 4 and 5, zypper, createrepo_c).
 */
export function headerOf(kind: IndexKind, rootAttributes: Readonly<Record<string, string>>): Uint8Array {
  const { root, namespaces }: DocumentShape = documentShapes[kind]
  const attributes = xmlAttributes({ ...namespaces, ...rootAttributes })
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attributes}>\n`)
}

export const footerOf = (kind: IndexKind): Uint8Array => Buffer.from(`</${documentShapes[kind].root}>\n`)
