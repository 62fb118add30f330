import { commitStatus } from '../../../jobs/commit-status/commit-status.ts'
import { githubActions } from '../../../jobs/github-actions/github-actions.ts'
import { sigstore } from '../../../signing/sigstore/sigstore.ts'
import { awaitMerge } from '../../../steps/await-merge/await-merge.ts'
import { checkLabels } from '../../../steps/check-labels/check-labels.ts'
import { proposeChange } from '../../../steps/propose-change/propose-change.ts'
import { pushImage } from '../../../steps/push-image/push-image.ts'
import { pushModule } from '../../../steps/push-module/push-module.ts'
import { runJob } from '../../../steps/run-job/run-job.ts'
import { waitForAssets } from '../../../steps/wait-for-assets/wait-for-assets.ts'
import { waitForImages } from '../../../steps/wait-for-images/wait-for-images.ts'
import type { CiFacts } from './ci-system.ts'

type Access = 'read' | 'write'

interface Need {
  readonly permission: string
  readonly access: Access
  readonly by: (facts: CiFacts) => boolean
}

const usesStep =
  (...names: readonly string[]) =>
  ({ nodes }: CiFacts): boolean =>
    nodes.some((node) => 'step' in node && names.includes(node.step))

const usesJob =
  (runner: string) =>
  ({ nodes }: CiFacts): boolean =>
    nodes.some((node) => 'step' in node && node.step === runJob.name && says(node.options, runner))

/** Whether a provider of this name is chosen anywhere in the options of a step. */
const says = (options: unknown, provider: string): boolean =>
  JSON.stringify(options).includes(`"provider":${JSON.stringify(provider)}`)

const needs: readonly Need[] = [
  // Tags, releases and their assets.
  { permission: 'contents', access: 'write', by: () => true },
  { permission: 'pull-requests', access: 'write', by: usesStep(proposeChange.name) },
  { permission: 'pull-requests', access: 'read', by: usesStep(checkLabels.name, awaitMerge.name) },
  { permission: 'actions', access: 'write', by: usesJob(githubActions.name) },
  { permission: 'statuses', access: 'read', by: readsStatuses },
  { permission: 'checks', access: 'read', by: readsStatuses },
  { permission: 'packages', access: 'write', by: pushesToGitHub },
  // Signatures without a key: the job proves who it is.
  {
    permission: 'id-token',
    access: 'write',
    by: ({ config }) => Object.values(config.keys).some(({ provider }) => provider === sigstore.name),
  },
]

/** Of builds elsewhere, which jobs and waits follow. */
function readsStatuses(facts: CiFacts): boolean {
  return usesJob(commitStatus.name)(facts) || usesStep(waitForAssets.name, waitForImages.name)(facts)
}

function pushesToGitHub({ nodes }: CiFacts): boolean {
  return nodes.some(
    (node) =>
      'step' in node &&
      [pushImage.name, pushModule.name].includes(node.step) &&
      JSON.stringify(node.options).includes('"ghcr.io/'),
  )
}

/** The least that the pipeline can do with: each permission once, with the most access that a step needs. */
export function workflowPermissions(facts: CiFacts): { readonly [permission: string]: Access } {
  const given: Record<string, Access> = {}
  for (const { permission, access, by } of needs) {
    if (by(facts) && given[permission] !== 'write') given[permission] = access
  }
  return given
}
