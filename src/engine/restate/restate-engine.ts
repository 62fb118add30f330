import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TransientError, UserError } from '../../errors.ts'
import type { Engine, StepExecutor } from '../../pipeline/engine.ts'
import { pause } from '../../pipeline/pause.ts'
import { releaseName } from '../../pipeline/release-key.ts'
import { type CleanupStack, cleanupStack } from './cleanup-stack.ts'
import { forgetDeployments, pointDeployments } from './deployments.ts'
import { listen } from './endpoint.ts'
import { EngineHeld } from './engine-held.ts'
import { type Executions, stepExecutions } from './executions.ts'
import { lockFolder } from './folder-lock.ts'
import { privateFolder } from './private-folder.ts'
import { type ReleaseClient, releaseClient } from './release-client.ts'
import { requestKey } from './request-identity.ts'
import { type RunHub, type RunRecord, runHub } from './run-hub.ts'
import { emptyWhenLarge, sdkLog } from './sdk-log.ts'
import { restateServerBinary, restateServerVersion } from './server-binary.ts'
import { type ServerPaths, serverConfig, serverPaths } from './server-config.ts'
import { endOrphan } from './server-process.ts'
import { guardVersion } from './server-version.ts'
import { socketClient } from './socket-client.ts'
import { socketFolder } from './socket-folder.ts'
import { stepRunner } from './step-runner.ts'
import { watchStuckInvocations } from './stuck-invocations.ts'
import { superviseServer } from './supervised-server.ts'
import { taskReader } from './task-reader.ts'
import { watchRun } from './watch.ts'

export interface RestateEngineOptions {
  /** Everything that the engine keeps; made with mode 0700. */
  readonly folder: string
  readonly execute: StepExecutor
  /** Changes when recorded steps of older code could not be understood by this code. */
  readonly codeVersion: string
  /** One line for people, when something unusual was overcome. */
  readonly onNotice: (text: string) => void
}

export interface RestateEngine extends Engine {
  /** For diagnosis and for tests. */
  serverPid(): number
}

const selfTestMs = 15_000
/** Only a safety net: changes are heard of from the handlers of this process. */
const pollMs = 1_000

/**
 * The durable engine: a server of our own beside us, on unix sockets, with its state under the folder. Throws EngineHeld
 * while another process has the folder.
 */
export async function openRestateEngine(options: RestateEngineOptions): Promise<RestateEngine> {
  const cleanup = cleanupStack()
  try {
    return await open(options, cleanup)
  } catch (error) {
    await cleanup.run()
    throw error
  }
}

async function open(options: RestateEngineOptions, cleanup: CleanupStack): Promise<RestateEngine> {
  const binary = neededBinary()
  const folder = await privateFolder(options.folder)
  const lock = await lockFolder(folder, new Date())
  if (lock.held) throw new EngineHeld(lock.by)
  cleanup.add(lock.release)

  const closing = new AbortController()
  const { signal } = closing
  const paths = serverPaths(await socketFolder(folder))
  await guardVersion(join(folder, 'server-version'), restateServerVersion(binary))
  await endOrphan(paths, signal)

  const admin = socketClient(paths.admin)
  const ingress = socketClient(paths.ingress)
  cleanup.add(admin.close)
  cleanup.add(ingress.close)
  const client = releaseClient(ingress, admin, signal)
  const { endpoint, hub } = await openEndpoint({ ...options, folder, paths, client, cleanup })
  const server = await superviseServer({ binary, paths, admin, onNotice: options.onNotice, signal })
  cleanup.add(server.stop)
  await pointDeployments(admin, endpoint.port, options.codeVersion)
  await selfTest(client, signal)
  await forgetDeployments(admin, options.codeVersion)
  const watching = watchStuckInvocations(admin, options.onNotice, signal)
  cleanup.add(() => watching)

  const close = async (): Promise<void> => {
    closing.abort(new Error('The engine is closed'))
    await cleanup.run()
  }
  return { ...engineOf(client, hub, signal), serverPid: server.pid, close }
}

function neededBinary(): string {
  const binary = restateServerBinary()
  if (binary !== undefined) return binary
  const platform = `${process.platform}-${process.arch}`
  throw new UserError('ENGINE_MISSING', `The durable engine is not installed for ${platform}.`, {
    hint: 'Install with optional dependencies, or use the engine that lives in memory: waiting then ends with the process.',
  })
}

interface EndpointParts {
  readonly folder: string
  readonly paths: ServerPaths
  readonly client: ReleaseClient
  readonly execute: StepExecutor
  readonly onNotice: (text: string) => void
  readonly cleanup: CleanupStack
}

async function openEndpoint({ folder, paths, client, execute, onNotice, cleanup }: EndpointParts) {
  const hub: RunHub = runHub()
  const executions: Executions = stepExecutions(execute)
  const logger = await sdkLog(join(folder, 'sdk.log'), onNotice)
  await emptyWhenLarge(paths.log)
  const publicKey = await requestKey(paths.identityKey)
  await writeFile(paths.config, serverConfig(paths), { mode: 0o600 })
  const runner = stepRunner(executions, taskReader(client.settled), client.report)
  const endpoint = await listen({ hub, executions, runner, publicKey, logger })
  cleanup.add(endpoint.close)
  // After the server has ended, so that no attempt begins anew while the last ones are being stopped.
  cleanup.add(executions.stopAll)
  return { endpoint, hub }
}

/** The SDK can fail silently, and a step would then wait for ever: better to find out before anything starts. */
async function selfTest(client: ReleaseClient, closing: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + selfTestMs
  for (;;) {
    try {
      await client.selfTest()
      return
    } catch (error) {
      if (!(error instanceof TransientError) || performance.now() > giveUpAt) throw failedTest(error)
      await pause(20, closing)
    }
  }
}

function failedTest(cause: unknown): TransientError {
  return new TransientError('ENGINE_SELF_TEST', 'The engine started but does not run steps.', {
    hint: 'See server.log and sdk.log in the folder of the engine.',
    cause,
  })
}

function engineOf(client: ReleaseClient, hub: RunHub, closing: AbortSignal): Omit<Engine, 'close'> {
  return {
    start: client.start,
    signal: client.signal,
    cancel: client.cancel,
    get: async (key) => newer(await client.get(releaseName(key)), hub.latest(releaseName(key)))?.run,
    list: client.list,
    watch: (key, signal) =>
      watchRun({
        read: () => client.get(releaseName(key)),
        subscribe: (listener) => hub.subscribe(releaseName(key), listener),
        pollMs,
        signal: AbortSignal.any([signal, closing]),
      }),
  }
}

/** What a watcher was told may be committed only a moment later; a reader must not see an older state than that. */
function newer(committed: RunRecord | undefined, told: RunRecord | undefined): RunRecord | undefined {
  if (committed === undefined || told === undefined) return committed ?? told
  return told.revision > committed.revision ? told : committed
}
