import { appendFileSync } from 'node:fs'

/** What a CI system shows beside the log of a job. */
export interface CiChannel {
  /** A message at the top of the job, so that nobody has to search the log. */
  annotate(level: 'error' | 'warning' | 'notice', title: string, text: string): void
  /** Markdown for the page of the job; several are shown one below the other. */
  summarise(markdown: string): void
}

const nothing: CiChannel = { annotate: () => undefined, summarise: () => undefined }

/** GitHub Actions' channels; nothing elsewhere. `write` takes lines of the log. */
export function ciChannel(
  environment: { readonly [name: string]: string | undefined },
  write: (line: string) => void,
): CiChannel {
  if (environment['GITHUB_ACTIONS'] !== 'true') return nothing
  const summary = environment['GITHUB_STEP_SUMMARY'] ?? ''
  return {
    annotate: (level, title, text) => write(`::${level} title=${property(title)}::${data(text)}`),
    summarise: (markdown) => {
      if (summary !== '') appendFileSync(summary, shortened(`${markdown}\n`))
    },
  }
}

// The runner's own rules (actions/toolkit, command.ts): a line is one command.
const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

/** A larger summary is not shown at all. */
const summaryCharactersMax = 250_000

const shortened = (markdown: string): string =>
  markdown.length <= summaryCharactersMax ? markdown : `${markdown.slice(0, summaryCharactersMax)}\n\n…\n`
