import { join } from 'node:path'

export interface ServerPaths {
  /** The engine's folder, short enough for sockets. */
  readonly folder: string
  readonly data: string
  readonly admin: string
  readonly ingress: string
  readonly config: string
  readonly log: string
  readonly identityKey: string
  readonly pid: string
}

const nodeName = 'hawser'

export function serverPaths(folder: string): ServerPaths {
  const data = join(folder, 'server')
  return {
    folder,
    data,
    admin: join(data, nodeName, 'admin.sock'),
    ingress: join(data, nodeName, 'ingress.sock'),
    config: join(folder, 'server.toml'),
    log: join(folder, 'server.log'),
    identityKey: join(folder, 'request-identity.pem'),
    pid: join(folder, 'server.pid'),
  }
}

/**
 * Partitions and the node's name are fixed when the folder is first used, and must never change. Advertised addresses
 * are written out because the server would resolve a link to the long path again.
 */
export function serverConfig(paths: ServerPaths): string {
  const socket = (name: string): string => JSON.stringify(`unix:${join(paths.data, nodeName, name)}.sock`)
  return `roles = ["http-ingress", "admin", "worker", "metadata-server", "log-server"]
cluster-name = "hawser"
node-name = "${nodeName}"
auto-provision = true
default-num-partitions = 1
default-replication = 1
listen-mode = "unix"
advertised-address = ${socket('fabric')}
disable-telemetry = true
disable-prometheus = true
rocksdb-total-memory-size = "64MB"
log-filter = "warn,octocrab=off"
log-format = "json"
shutdown-timeout = "10s"
default-journal-retention = "0s"
# Counters that nobody reads, and compression that never crosses a network: a tenth of the server's work.
rocksdb-perf-level = "disable"

# The reducer decides about retries; the server's own only bridge crashes, and must never give up.
[default-retry-policy]
initial-interval = "50ms"
max-interval = "1s"
max-attempts = "unlimited"

[networking]
disable-compression = true

[worker.storage]
rocksdb-disable-statistics = true

[log-server]
rocksdb-disable-statistics = true
rocksdb-disable-wal-compression = true

[worker.invoker]
request-identity-private-key-pem-file = ${JSON.stringify(paths.identityKey)}
# A step may be silent for as long as its own limit allows.
inactivity-timeout = "365d"
abort-timeout = "365d"

[admin]
disable-web-ui = true
advertised-address = ${socket('admin')}

[ingress]
advertised-address = ${socket('ingress')}

[bifrost]
default-provider = "replicated"
`
}
