export interface IndexShape {
  readonly root: string
  readonly namespaces: Readonly<Record<string, string>> & { readonly xmlns: string }
  /** Parts of a `<package>` that we read. */
  readonly parts: readonly string[]
}

/** The three files that list every package, in the order of repomd.xml. */
export const indexShapes = {
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
} as const satisfies Record<string, IndexShape>

export type IndexKind = keyof typeof indexShapes
export const indexKinds = ['primary', 'filelists', 'other'] as const satisfies readonly IndexKind[]
