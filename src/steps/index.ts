import type { AnyStep } from '../pipeline/step.ts'
import { attest } from './attest/attest.ts'
import { buildImage } from './build-image/build-image.ts'
import { buildModule } from './build-module/build-module.ts'
import { buildPackage } from './build-package/build-package.ts'
import { checkKey } from './check-key/check-key.ts'
import { collectFiles } from './collect-files/collect-files.ts'
import { createDraft } from './create-draft/create-draft.ts'
import { createTag } from './create-tag/create-tag.ts'
import { fetchSource } from './fetch-source/fetch-source.ts'
import { publishPackages } from './publish-packages/publish-packages.ts'
import { publishRelease } from './publish-release/publish-release.ts'
import { pushImage } from './push-image/push-image.ts'
import { pushModule } from './push-module/push-module.ts'
import { sign } from './sign/sign.ts'
import { uploadAssets } from './upload-assets/upload-assets.ts'
import { writeChecksums } from './write-checksums/write-checksums.ts'

/** Every step kind that a pipeline may name. */
export const steps: readonly AnyStep[] = [
  checkKey,
  fetchSource,
  buildPackage,
  buildImage,
  buildModule,
  collectFiles,
  writeChecksums,
  createTag,
  createDraft,
  uploadAssets,
  pushImage,
  pushModule,
  sign,
  attest,
  publishPackages,
  publishRelease,
]
