import { configJsonSchema } from './json-schema.ts'
import { configKinds } from './providers.ts'
import { withReference } from './reference-docs.ts'

/** Files of the repository that follow from the schema. `read` gives what people wrote around a generated part. */
export const generatedFiles: readonly {
  readonly path: string
  render(read: () => string): string
}[] = [
  { path: 'schema.json', render: () => `${JSON.stringify(configJsonSchema(configKinds), null, 2)}\n` },
  { path: 'docs/configuration.md', render: (read) => withReference(read(), configJsonSchema(configKinds)) },
]
