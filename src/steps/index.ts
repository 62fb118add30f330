import type { AnyStep } from '../pipeline/step.ts'
import { attest } from './attest/attest.ts'
import { awaitMerge } from './await-merge/await-merge.ts'
import { buildImage } from './build-image/build-image.ts'
import { buildModule } from './build-module/build-module.ts'
import { buildPackage } from './build-package/build-package.ts'
import { checkBase } from './check-base/check-base.ts'
import { checkDrift } from './check-drift/check-drift.ts'
import { checkImages } from './check-images/check-images.ts'
import { checkInstalls } from './check-installs/check-installs.ts'
import { checkKey } from './check-key/check-key.ts'
import { checkLabels } from './check-labels/check-labels.ts'
import { checkTagFree } from './check-tag-free/check-tag-free.ts'
import { checkVersion } from './check-version/check-version.ts'
import { collectFiles } from './collect-files/collect-files.ts'
import { createDraft } from './create-draft/create-draft.ts'
import { createTag } from './create-tag/create-tag.ts'
import { fetchSource } from './fetch-source/fetch-source.ts'
import { promotePackages } from './promote-packages/promote-packages.ts'
import { proposeChange } from './propose-change/propose-change.ts'
import { publishPackages } from './publish-packages/publish-packages.ts'
import { publishRelease } from './publish-release/publish-release.ts'
import { pushImage } from './push-image/push-image.ts'
import { pushModule } from './push-module/push-module.ts'
import { recordTests } from './record-tests/record-tests.ts'
import { removeRelease } from './remove-release/remove-release.ts'
import { repackage } from './repackage/repackage.ts'
import { runJob } from './run-job/run-job.ts'
import { sign } from './sign/sign.ts'
import { takePackages } from './take-packages/take-packages.ts'
import { uploadAssets } from './upload-assets/upload-assets.ts'
import { waitForAssets } from './wait-for-assets/wait-for-assets.ts'
import { waitForImages } from './wait-for-images/wait-for-images.ts'
import { writeChecksums } from './write-checksums/write-checksums.ts'

/** Every step kind that a pipeline may name. */
export const steps: readonly AnyStep[] = [
  checkKey,
  checkVersion,
  checkTagFree,
  checkImages,
  checkLabels,
  proposeChange,
  checkDrift,
  awaitMerge,
  checkBase,
  fetchSource,
  buildPackage,
  repackage,
  buildImage,
  buildModule,
  collectFiles,
  writeChecksums,
  createTag,
  createDraft,
  uploadAssets,
  waitForAssets,
  waitForImages,
  pushImage,
  pushModule,
  sign,
  attest,
  runJob,
  checkInstalls,
  publishPackages,
  recordTests,
  takePackages,
  promotePackages,
  publishRelease,
  removeRelease,
]
