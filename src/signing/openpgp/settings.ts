import { type Config, config, enums } from 'openpgp'

/** How openpgp.js is to work; its defaults are neither reproducible nor as strict as the clients. */
export const settings: Config = {
  ...config,
  // By default a random notation is added, so that every signature differs.
  nonDeterministicSignaturesViaNotation: false,
  preferredHashAlgorithm: enums.hash.sha512,
  // RHEL 9, and apt with sqv since 2026, refuse SHA-1 in key bindings too.
  rejectHashAlgorithms: new Set([...config.rejectHashAlgorithms, enums.hash.sha1]),
  minRSABits: 2048,
  showVersion: false,
  showComment: false,
}

/** Only to tell why a key is refused: with this it passes when SHA-1 is the one reason. */
export const settingsWithSha1: Config = { ...settings, rejectHashAlgorithms: config.rejectHashAlgorithms }
