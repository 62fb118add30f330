import type { CiSystem } from './ci-system.ts'
import { githubWorkflow } from './github-workflow.ts'

/** Every system that `hawser init --ci` writes a file for. */
export const ciSystems: readonly CiSystem[] = [githubWorkflow]
