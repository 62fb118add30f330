#!/usr/bin/env node
// Runs on any Node that knows ES modules, so that an old one gets a sentence instead of a syntax error.
const needed = [22, 22]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `HAWSER_NODE_TOO_OLD: Hawser needs Node ${needed.join('.')} or newer, and this is Node ${process.versions.node}.\n` +
      '  Install a newer Node (https://nodejs.org/en/download), or, in a checkout of Hawser on Linux x64, run\n' +
      '  "npx hawser …" or "npm run …": they use the Node that is pinned in package.json.\n',
  )
  process.exit(2)
}

const { enableCompileCache } = await import('node:module')
enableCompileCache?.()
const { existsSync } = await import('node:fs')
// A checkout has sources, which Node runs as they are; the published package has only the build.
const source = new URL('../src/main.ts', import.meta.url)
const { main } = await import(
  existsSync(source) ? source.href : new URL('../build/main.js', import.meta.url).href
)
process.exitCode = await main(process.argv.slice(2))
