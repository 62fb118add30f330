import { once } from 'node:events'
import { createServer } from 'node:net'

/** Ports of the loopback that nobody listens on now. Held together, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const ports = servers.map((server) => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
    return address.port
  })
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return ports
}
