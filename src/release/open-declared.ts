import type { Config, RepositoryConfig } from '../config/config.ts'
import { UserError } from '../errors.ts'
import { closest } from '../lib/closest.ts'
import type { PortContext } from '../steps/choice.ts'
import { type OpenedRepository, openRepository } from '../steps/publish-packages/open-repository.ts'
import type { Project } from './project.ts'
import { repositoryOptionsOf } from './repository-nodes.ts'

export interface OutsideRun {
  readonly project: Project
  readonly signal: AbortSignal
  readonly log: (text: string) => void
}

/** Opens a declared repository for commands that run no pipeline. */
export async function openDeclared(
  config: Config,
  name: string,
  outside: OutsideRun,
): Promise<OpenedRepository> {
  const options = repositoryOptionsOf(config, declaredRepository(config, name))
  return openRepository(options, contextOutside(outside))
}

export function declaredRepository({ repositories }: Config, name: string): RepositoryConfig {
  const found = repositories[name]
  if (found !== undefined) return found
  const names = Object.keys(repositories)
  const similar = closest(name, names)
  throw new UserError('REPOSITORY_UNKNOWN', `hawser.yaml has no repository "${name}".`, {
    hint:
      similar === undefined ? `Repositories: ${names.join(', ') || 'none'}.` : `Did you mean "${similar}"?`,
  })
}

/** What ports get from a step's context, where there is no run. */
export function contextOutside({ project, signal, log }: OutsideRun): PortContext {
  const { root, environment, now, redactor } = project
  return {
    root,
    environment,
    signal,
    now,
    log: (text) => log(redactor.text(text)),
    maskSecret: (secret) => redactor.add(secret),
  }
}
