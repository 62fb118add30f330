import type { z } from 'zod'

/**
 * A provider is a value: one kind of a port. Its options are declared here and nowhere else; the schema, the
 * documentation and the contract test come from it.
 */
export interface Provider<Port, Options extends z.ZodObject = z.ZodObject, Context = undefined> {
  /** The key that people write in hawser.yaml. A string only in the provider's own folder. */
  readonly name: string
  readonly describe: string
  readonly options: Options
  /** Options that are valid; used by the documentation and the contract suite. */
  readonly example: z.input<Options>
  create(options: z.output<Options>, context: Context): Port
}
