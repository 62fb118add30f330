import { cosign } from './cosign/cosign.ts'
import { openpgp } from './openpgp/openpgp.ts'
import { sigstore } from './sigstore/sigstore.ts'

/** Kinds of signing that hawser.yaml can name. */
export const signerProviders = [openpgp] as const

/** Kinds of signing for images, modules, statements and files. */
export const artifactSigners = [cosign, sigstore] as const
