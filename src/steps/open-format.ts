import { repositoryFormats } from '../repositories/index.ts'
import type { RepositoryFormat } from '../repositories/repository-format.ts'
import type { RepositoryContext } from '../repositories/repository-provider.ts'
import { type Choice, createChosen, type PortContext } from './choice.ts'

/** The format of a declared repository. Nothing is read until it is used. */
export const openFormat = (format: Choice, { root }: Pick<PortContext, 'root'>): RepositoryFormat =>
  createChosen<RepositoryFormat, RepositoryContext>(repositoryFormats, format, { folder: root })
