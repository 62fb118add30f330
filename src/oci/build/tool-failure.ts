import { stripVTControlCharacters } from 'node:util'
import { TransientError, UserError } from '../../errors.ts'
import { allowedEnvironment, type ChildEnd, type Environment } from '../../lib/child.ts'

/** Where the tools find their stores, registries, credentials, daemons and the way out. */
const variables = [
  ...['CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF', 'CONTAINERS_REGISTRIES_CONF', 'REGISTRY_AUTH_FILE'],
  ...['STORAGE_DRIVER', 'BUILDAH_ISOLATION', 'CONTAINER_HOST', 'XDG_DATA_HOME'],
  ...['DOCKER_CONFIG', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'],
  ...['BUILDX_BUILDER', 'BUILDX_CONFIG'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR'],
] as const

export const toolEnvironment = (environment: Environment): Environment =>
  allowedEnvironment(environment, variables)

const linesMax = 15

/** @param what program and verb; the other arguments may hold secrets */
export function toolFailure(
  what: string,
  end: ChildEnd,
  printed: string,
  install: string,
): UserError | TransientError {
  const [program = what] = what.split(' ')
  switch (end.kind) {
    case 'not started':
      return new UserError('IMAGE_BUILD_TOOL', `"${program}" cannot be run: ${reasonOf(end.error)}.`, {
        hint: install,
        cause: end.error,
      })
    case 'timeout':
      return new TransientError('IMAGE_BUILD_TIMEOUT', `"${what}" did not end in time.`)
    case 'output too large':
      return new UserError('IMAGE_BUILD', `"${what}" printed more than Hawser keeps.`, {
        hint: 'Let the commands in the Dockerfile print less.',
      })
    case 'signal':
      return new UserError('IMAGE_BUILD', `"${what}" was ended by ${end.signal}.`, {
        hint: 'The system may have been short of memory.',
      })
    case 'exit':
      return new UserError(
        'IMAGE_BUILD',
        `"${what}" failed with exit code ${end.code}:\n${lastLines(printed)}`,
        {
          hint: 'Repair what it says. It prints the same when it is run by hand.',
        },
      )
  }
}

const reasonOf = ({ code, message }: NodeJS.ErrnoException): string =>
  code === 'ENOENT' ? 'it is not installed, or not in PATH' : message

/** Without colours and other controls. */
function lastLines(text: string): string {
  const lines = stripVTControlCharacters(text)
    .replaceAll('\r', '\n')
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/\p{Cc}/gu, ' ')
        .trimEnd()
        .slice(0, 300),
    )
    .filter((line) => line !== '')
  return lines.slice(-linesMax).join('\n')
}
