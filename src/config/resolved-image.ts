import type { ResolvedContent } from './resolved-package.ts'

/** An image for one platform: references replaced, texts read. */
export interface ResolvedImage {
  readonly platform: ImagePlatform
  readonly base: ImageBase | undefined
  readonly layers: readonly {
    readonly contents: readonly ResolvedContent[]
    /** Names of packages of the file. */
    readonly packages: readonly string[]
  }[]
  readonly entrypoint: readonly string[] | undefined
  readonly command: readonly string[] | undefined
  readonly environment: { readonly [name: string]: string }
  readonly user: string | undefined
  readonly workdir: string | undefined
  readonly labels: { readonly [name: string]: string }
  readonly ports: readonly string[]
  readonly volumes: readonly string[]
  readonly stopSignal: string | undefined
  readonly author: string | undefined
}

export interface ImagePlatform {
  readonly os: string
  /** OCI's word (GOARCH). */
  readonly architecture: string
  readonly variant?: string
}

export type ImageBase =
  /** With its digest. */
  | { readonly from: 'registry'; readonly reference: string }
  /** A layout in the project. */
  | { readonly from: 'layout'; readonly folder: string; readonly tag: string }
