import { mapOf, text, texts } from './text.ts'

/** A stage that packages go through: some repositories, the branches that reach them, and where its packages come from. */
export const environmentSchema = mapOf(
  {
    repositories: texts('Repositories (of "repositories") that belong to it.').min(1, 'is empty'),
    branches: texts(
      'Branches whose releases reach it, as names or globs such as release-*. Without it: every branch.',
    )
      .min(1, 'is empty')
      .meta({ examples: [['main', 'release-*']] }),
    from: text(
      'The environment whose packages it takes over, byte for byte, once they are tested there. Without it: what is built is published.',
    ),
    approval: text('A question for a person; nothing is published in it before it is approved.').meta({
      examples: ['Publish ${version} to production?'],
    }),
  },
  ['repositories'],
  {
    description: 'A stage that packages go through, such as staging or production.',
    examples: [
      {
        repositories: ['debian', 'fedora'],
        from: 'staging',
        branches: ['main'],
        approval: 'Publish ${version} to production?',
      },
    ],
  },
)
