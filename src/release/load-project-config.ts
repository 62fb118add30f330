import type { Config } from '../config/config.ts'
import { type Finding, formatFinding } from '../config/finding.ts'
import { type LoadOptions, loadConfig } from '../config/load.ts'
import { UserError } from '../errors.ts'
import type { Project } from './project.ts'

type Known = Pick<LoadOptions, 'version' | 'commit' | 'epoch' | 'inputs'>

/** The config, or one error with all findings. Without a version, references to it stand for a placeholder. */
export async function loadProjectConfig(project: Project, known: Known = {}): Promise<Config> {
  const { config, findings } = await loadConfig({
    path: project.configPath,
    environment: project.environment,
    ...known,
  })
  if (config !== undefined) return config
  throw invalidConfig(findings)
}

/** All findings as one error. */
export function invalidConfig(findings: readonly Finding[]): UserError {
  const count = findings.length === 1 ? 'one finding' : `${findings.length} findings`
  return new UserError(
    'CONFIG_INVALID',
    `hawser.yaml has ${count}.\n\n${findings.map(formatFinding).join('\n')}`,
    {
      hint: 'Repair them; "hawser check" shows them again.',
    },
  )
}
