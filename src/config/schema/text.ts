import { z } from 'zod'

/**
 * A map whose keys may all be absent for zod, and of which some are required for people (validate.ts reports them): a
 * missing key then costs only itself, and the rules still see the rest.
 */
export function mapOf<Shape extends z.ZodRawShape>(
  shape: Shape,
  required: readonly (keyof Shape & string)[],
  meta: { readonly [key: string]: unknown },
) {
  return z
    .strictObject(shape)
    .partial()
    .meta({ ...meta, required })
}

export const text = (describe: string) => z.string().min(1, 'is empty').describe(describe)

/** A list of texts with something in it. */
export const texts = (describe: string) => z.array(z.string().min(1, 'is empty')).describe(describe)

/** A text that often looks like a number: `1.10` stays `1.10`. */
export const versionText = (describe: string) =>
  z
    .string()
    .min(1, 'is empty')
    .regex(/^\S+$/, 'contains a space')
    .meta({ description: describe, examples: ['1.5.2'], editorTypes: ['string', 'number'] })

/** What people name things in the file: sources, keys, repositories, inputs. */
export const nameText = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'is no name: use letters, digits, ".", "_" and "-", and begin with a letter or digit',
  )

/** As names; derived steps are called such as `publish:debian`. */
export const stepId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/+-]*$/,
    'is no name: use letters, digits and . _ : / + -, and begin with a letter or digit',
  )

/** deb-control(5): lower case, digits, plus, minus, full stop, two characters at least; rpm takes all of these too. */
export const packageName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9+.-]+$/,
    'is no package name: use at least two of lower-case letters, digits, "+", "-", ".", and begin with a letter or digit',
  )

const modeForm = /^(?:0o)?[0-7]+$/

/** File permissions in octal, however they are typed: 0755, '0755', 0o755 and 755 are one mode. */
export const mode = (describe: string) =>
  z
    .string()
    .regex(modeForm, 'is not an octal mode such as 0755')
    .refine(
      (value) => !modeForm.test(value) || modeOf(value) <= 0o7777,
      'is out of range: the highest mode is 07777',
    )
    // The text that was typed counts, although YAML reads it as a number (validate.ts).
    .meta({ description: describe, examples: ['0755'], editorTypes: ['string', 'integer'] })

export const modeOf = (written: string): number => Number.parseInt(written.replace(/^0o/, ''), 8)

const durationForm = /^(?:\d+(?:ms|d|h|m|s))+$/
const unitsMs: { readonly [unit: string]: number | undefined } = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
}

/** `10m`, `3d`, `1h30m`. */
export const duration = (describe: string, fallback: string) =>
  z
    .string()
    .regex(
      durationForm,
      'is no duration: write a number and a unit (ms, s, m, h, d), such as 10m, 3d or 1h30m',
    )
    .refine((value) => !durationForm.test(value) || durationMsOf(value) > 0, 'must be longer than nothing')
    .refine(
      (value) => !durationForm.test(value) || durationMsOf(value) <= 366 * 86_400_000,
      'is longer than a year',
    )
    .meta({ description: describe, default: fallback, examples: ['10m', '3d', '1h30m'] })

export const isDuration = (written: string): boolean => durationForm.test(written)

export function durationMsOf(written: string): number {
  let total = 0
  for (const [, count, unit] of written.matchAll(/(\d+)(ms|d|h|m|s)/g)) {
    total += Number(count) * (unitsMs[unit ?? ''] ?? Number.NaN)
  }
  return total
}
