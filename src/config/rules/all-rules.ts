import { clients } from './clients.ts'
import { componentVersion } from './component-version.ts'
import { consumers } from './consumers.ts'
import { environments } from './environments.ts'
import { images } from './images.ts'
import { inputDefaults } from './inputs.ts'
import { installs } from './installs.ts'
import { keyring } from './keyring.ts'
import { modules } from './modules.ts'
import { names } from './names.ts'
import { oneProvider } from './one-provider.ts'
import { packages } from './packages.ts'
import { pipeline } from './pipeline.ts'
import { promotions } from './promotions.ts'
import { release } from './release.ts'
import { repackage } from './repackage.ts'
import { repositories } from './repositories.ts'
import type { Rule } from './rule.ts'
import { secrets } from './secrets.ts'

/** Everything that a schema cannot say. */
export const rules: readonly Rule[] = [
  oneProvider,
  names,
  inputDefaults,
  componentVersion,
  packages,
  keyring,
  repackage,
  repositories,
  installs,
  environments,
  promotions,
  images,
  modules,
  clients,
  consumers,
  release,
  pipeline,
  secrets,
]
