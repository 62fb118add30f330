import { openpgp } from './openpgp/openpgp.ts'

/** Kinds of signing that hawser.yaml can name. */
export const signerProviders = [openpgp] as const
