import type { CiFacts, CiInput, CiSystem } from './ci-system.ts'
import { workflowPermissions } from './github-permissions.ts'

/** Tags of actions can be moved; commits cannot. */
const actions = {
  checkout: 'actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0',
  setupNode: 'actions/setup-node@a0853c24544627f65ddf259abe73b1d18a591444 # v5.0.0',
} as const

/** The token that every job has, without a secret of its own. */
const jobToken = 'GITHUB_TOKEN'

/** A workflow that people start with a version and the project's inputs. */
export const githubWorkflow: CiSystem = {
  name: 'github',
  path: '.github/workflows/release.yml',
  render: (facts) => `# Written by "hawser init --ci github". It is yours: change what you like.
name: Release
run-name: Release \${{ inputs.version }}

on:
  workflow_dispatch:
    inputs:
      version:
        description: The version to release, for example 1.2.0.
        required: true
        type: string
${facts.inputs.map(inputText).join('')}
# Nothing, but for what the job below says.
permissions: {}

# Two releases of one version wait for each other; one that has begun is never cut off.
concurrency:
  group: release-\${{ inputs.version }}
  cancel-in-progress: false

jobs:
  release:
    runs-on: ubuntu-24.04
    # The longest that a hosted runner allows. Run it again after that: it goes on where it was.
    timeout-minutes: 360
    permissions:
${permissionLines(facts)}
    steps:
      - uses: ${actions.checkout}
        with:
          # Notes are made from the history.
          fetch-depth: 0
          persist-credentials: false
      - uses: ${actions.setupNode}
        with:
          node-version: 24
      - name: Release
        # Values come as variables: text in "\${{ }}" would become part of the script.
        run: ${commandLine(facts)}
        env:
${variables(facts)
  .map(([name, value]) => `          ${name}: \${{ ${value} }}\n`)
  .join('')}`,
  notes: ({ secrets, nodes }) => [
    ...secrets
      .filter((name) => name !== jobToken)
      .map((name) => `Add the secret ${name} to the repository (Settings, Secrets and variables, Actions).`),
    ...(nodes.some((node) => 'gate' in node)
      ? [
          'Gates are decided where the engine is. On a hosted runner, give the job an "environment:" with reviewers, or let a pull request decide.',
        ]
      : []),
    'What the token of the job does starts no other workflows. If some must follow a release, use the token of a GitHub App.',
  ],
}

function inputText({ name, describe, kind, values, fallback }: CiInput): string {
  const type = { text: 'string', choice: 'choice', 'yes or no': 'boolean' }[kind]
  const lines = [
    `      ${name}:`,
    `        description: ${JSON.stringify(describe)}`,
    `        required: ${fallback === undefined}`,
    `        type: ${type}`,
    ...(kind === 'choice'
      ? [`        options: [${values.map((value) => JSON.stringify(value)).join(', ')}]`]
      : []),
    ...(fallback === undefined
      ? []
      : [`        default: ${kind === 'yes or no' ? fallback : JSON.stringify(fallback)}`]),
  ]
  return `${lines.join('\n')}\n`
}

const permissionLines = (facts: CiFacts): string =>
  Object.entries(workflowPermissions(facts))
    .map(([name, access]) => `      ${name}: ${access}`)
    .join('\n')

const variableOf = (name: string): string => `INPUT_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`

function commandLine({ hawserVersion, inputs }: CiFacts): string {
  const given = inputs.map(({ name }) => ` --input "${name}=$${variableOf(name)}"`).join('')
  return `npx --yes hawser@${hawserVersion} release --yes${given} -- "$VERSION"`
}

function variables({ inputs, secrets }: CiFacts): readonly (readonly [string, string])[] {
  return [
    ['VERSION', 'inputs.version'],
    ...inputs.map(({ name }) => [variableOf(name), `inputs['${name}']`] as const),
    ...[...new Set([jobToken, ...secrets])].map(
      (name) => [name, name === jobToken ? 'github.token' : `secrets.${name}`] as const,
    ),
  ]
}
