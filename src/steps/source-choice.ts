import type { ArtifactStore } from '../artifacts/store.ts'
import type { StepContext } from '../pipeline/step.ts'
import { file } from '../sources/file/file.ts'
import { sourceProviders } from '../sources/index.ts'
import type { Source, SourceContext } from '../sources/source.ts'
import { type Choice, createChosen, type PortContext } from './choice.ts'

export function openSource(chosen: Choice, context: PortContext, store: ArtifactStore): Source {
  return createChosen(sourceProviders, chosen, sourceContext(context, store))
}

/** Files of the project itself: what `contents` names without a source. */
export function projectFiles(pattern: string, context: StepContext, store: ArtifactStore): Source {
  return file.create({ path: pattern, exclude: [] }, sourceContext(context, store))
}

/** A folder of the project as a tree, without what Hawser and git keep there. */
export function projectTree(folder: string, context: StepContext, store: ArtifactStore): Source {
  const exclude = ['.git', '.hawser', 'dist'].flatMap((name) => [name, `${name}/**`])
  return file.create({ path: folder, exclude }, sourceContext(context, store))
}

const sourceContext = (context: PortContext, store: ArtifactStore): SourceContext => ({
  root: context.root,
  store,
  environment: context.environment,
  onRetry: (message) => context.log(message),
  maskSecret: context.maskSecret,
})
