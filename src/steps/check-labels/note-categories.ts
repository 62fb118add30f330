import { parseDocument } from 'yaml'
import { z } from 'zod'
import { UserError } from '../../errors.ts'

/** .github/release.yml: how a forge groups merged pull requests in the notes of a release. */
export interface NoteCategories {
  readonly categories: readonly { readonly title: string; readonly labels: readonly string[] }[]
  /** Pull requests with one of these, or by these, are left out of the notes on purpose. */
  readonly excluded: { readonly labels: readonly string[]; readonly authors: readonly string[] }
}

const texts = z.array(z.string()).nullish()
const schema = z.looseObject({
  changelog: z.looseObject({
    exclude: z.looseObject({ labels: texts, authors: texts }).nullish(),
    categories: z.array(z.looseObject({ title: z.string(), labels: z.array(z.string()) })),
  }),
})

/** Throws a UserError when the file cannot sort pull requests. A category of every label ("*") asks for none. */
export function readNoteCategories(text: string, where: string): NoteCategories {
  const document = parseDocument(text, { uniqueKeys: true })
  const [error] = document.errors
  if (error !== undefined) throw unreadable(where, error.message.split('\n')[0] ?? '')
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 100 }))
  if (!parsed.success) {
    throw unreadable(
      where,
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; '),
    )
  }
  const { exclude, categories } = parsed.data.changelog
  const asked = categories
    .map(({ title, labels }) => ({ title, labels: labels.filter((label) => label !== '*') }))
    .filter(({ labels }) => labels.length > 0)
  if (asked.length === 0) throw unreadable(where, 'no category names a label')
  return {
    categories: asked,
    excluded: { labels: exclude?.labels ?? [], authors: exclude?.authors ?? [] },
  }
}

const unreadable = (where: string, problem: string): UserError =>
  new UserError('NOTE_CATEGORIES', `${where} does not sort pull requests into categories: ${problem}.`, {
    hint: 'Write under "changelog", "categories": a list of a "title" and its "labels" each.',
  })
