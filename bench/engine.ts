/**
 * What the durable engine costs: its start, and the time per step beside the bare server (a chain of `ctx.run` in one
 * invocation), both in one run with rounds in turns, so that the load of the machine hits both.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as restate from '@restatedev/restate-sdk'
import { requestIdentity } from '../src/engine/restate/request-identity.ts'
import { openRestateEngine, type RestateEngine } from '../src/engine/restate/restate-engine.ts'
import { restateServerBinary } from '../src/engine/restate/server-binary.ts'
import { serverConfig, serverPaths } from '../src/engine/restate/server-config.ts'
import { socketClient } from '../src/engine/restate/socket-client.ts'
import { superviseServer } from '../src/engine/restate/supervised-server.ts'
import type { Engine } from '../src/pipeline/engine.ts'
import type { Plan } from '../src/pipeline/plan.ts'
import { samplePlan, sampleStep } from '../src/pipeline/sample-plan.ts'

const steps = 50
const rounds = 7
const goalMs = 5

const folder = await mkdtemp(join(tmpdir(), 'hawser-bench-engine-'))
try {
  await printStart()
  await printSteps()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function printStart(): Promise<void> {
  const fresh: number[] = []
  const existing: number[] = []
  for (let round = 0; round < 5; round += 1) {
    fresh.push(await timeToOpen(join(folder, `start-${round}`)))
    existing.push(await timeToOpen(join(folder, `start-${round}`)))
  }
  console.log(`start, fresh folder     ${median(fresh).toFixed(0)} ms (median of ${fresh.length})`)
  console.log(`start, existing folder  ${median(existing).toFixed(0)} ms`)
}

async function timeToOpen(at: string): Promise<number> {
  const startedAt = performance.now()
  const engine = await open(at)
  const took = performance.now() - startedAt
  await engine.close()
  return took
}

function open(at: string): Promise<RestateEngine> {
  return openRestateEngine({
    folder: at,
    codeVersion: 'bench',
    onNotice: console.error,
    execute: async ({ node }) => ({ status: 'done', did: 'create', summary: 'nothing', result: node.id }),
  })
}

async function printSteps(): Promise<void> {
  const engine = await open(join(folder, 'ours'))
  const bare = await bareServer(join(folder, 'bare'))
  const ids = Array.from({ length: steps }, (_, index) => `step-${index}`)
  const chain = samplePlan(ids.map((id, index) => sampleStep(id, ids.slice(Math.max(0, index - 1), index))))
  const wide = samplePlan(ids.map((id) => sampleStep(id)))
  const times = { bare: [] as number[], chain: [] as number[], wide: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    times.bare.push(await timed(bare.run))
    times.chain.push(await timed(() => release(engine, chain)))
    times.wide.push(await timed(() => release(engine, wide)))
  }
  await engine.close()
  await bare.stop()
  const perStep = (samples: readonly number[]): number => median(samples) / steps
  const overhead = perStep(times.chain) - perStep(times.bare)
  console.log(`bare server, chain      ${perStep(times.bare).toFixed(2)} ms a step`)
  for (const name of ['chain', 'wide'] as const) {
    const ratio = perStep(times[name]) / perStep(times.bare)
    console.log(
      `hawser, ${name.padEnd(15)} ${perStep(times[name]).toFixed(2)} ms a step, ${ratio.toFixed(1)}x bare`,
    )
  }
  const verdict = overhead <= goalMs ? 'met' : 'missed'
  console.log(`overhead of a chain     ${overhead.toFixed(2)} ms a step (goal ${goalMs} ms: ${verdict})`)
}

async function release(engine: Engine, plan: Plan): Promise<void> {
  const { project, version } = plan.run
  await engine.start(plan)
  for await (const run of engine.watch({ project, version }, AbortSignal.timeout(120_000))) {
    if (run.endedAt !== undefined && run.status !== 'published') throw new Error(`The run is ${run.status}`)
  }
}

/** The same server with the same configuration, and the least that records steps. */
async function bareServer(at: string): Promise<{ run: () => Promise<void>; stop: () => Promise<void> }> {
  await mkdir(at)
  const paths = serverPaths(at)
  const publicKey = await requestIdentity(paths.identityKey)
  await writeFile(paths.config, serverConfig(paths))
  const chain = restate.service({
    name: 'chain',
    handlers: {
      run: async (context: restate.Context, count: number): Promise<void> => {
        for (let index = 0; index < count; index += 1) await context.run(`step-${index}`, () => index)
      },
    },
  })
  const endpoint = restate
    .endpoint()
    .bind(chain)
    .withIdentityV1(publicKey)
    .setLogger(() => undefined)
  const listener = createServer(endpoint.http2Handler())
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('The endpoint has a port')
  const admin = socketClient(paths.admin)
  const ingress = socketClient(paths.ingress)
  const { signal } = new AbortController()
  const binary = restateServerBinary()
  if (binary === undefined) throw new Error('No server is installed for this platform')
  const server = await superviseServer({ binary, paths, admin, onNotice: console.error, signal })
  await admin.send({
    method: 'POST',
    path: '/deployments',
    body: { uri: `http://127.0.0.1:${address.port}` },
  })
  return {
    run: async () => {
      const { status } = await ingress.send({ method: 'POST', path: '/chain/run', body: steps })
      if (status >= 300) throw new Error(`The bare server answered ${status}`)
    },
    stop: async () => {
      admin.close()
      ingress.close()
      await server.stop()
      listener.close()
    },
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
