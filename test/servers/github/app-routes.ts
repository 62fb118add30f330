import type { AppOptions } from './access.ts'
import {
  type Answer,
  type Call,
  created,
  Denial,
  type Handlers,
  noContent,
  notFound,
  ok,
} from './exchange.ts'
import type { Json } from './openapi.ts'
import { minimalRepositoryShape, nodeId, userShape } from './repository-shapes.ts'
import type { World } from './world.ts'

export const appRoutes: Handlers = {
  'GET /app': { needs: 'app', answer: (world) => ok(appShape(world, appOf(world))) },
  'GET /app/installations': {
    needs: 'app',
    answer: (world) => ok([installationShape(world, appOf(world))]),
  },
  'GET /app/installations/{installation_id}': { needs: 'app', answer: installation },
  'GET /repos/{owner}/{repo}/installation': {
    needs: 'app',
    answer: (world) => ok(installationShape(world, appOf(world))),
  },
  'POST /app/installations/{installation_id}/access_tokens': { needs: 'app', answer: createToken },
  'GET /installation/repositories': {
    needs: 'read',
    answer: (world) => ok({ total_count: 1, repositories: [minimalRepositoryShape(world)] }),
  },
  'DELETE /installation/token': { needs: 'read', answer: revoke },
}

function appOf(world: World): AppOptions {
  if (world.settings.app === undefined) throw notFound()
  return world.settings.app
}

/** As the description names them. */
const permissionsOf = (app: AppOptions): { [name: string]: Json } => ({
  metadata: 'read',
  ...app.permissions,
})

const date = '2020-01-01T00:00:00Z'

function appShape(world: World, app: AppOptions): { [key: string]: Json } {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('App', app.id),
    owner: userShape(world, world.settings.owner),
    name: app.slug,
    description: null,
    external_url: `${world.settings.origin}/apps/${app.slug}`,
    html_url: `${world.settings.origin}/apps/${app.slug}`,
    created_at: date,
    updated_at: date,
    permissions: permissionsOf(app),
    events: [],
  }
}

function installation(world: World, call: Call): Answer {
  return ok(installationShape(world, installedApp(world, call)))
}

function installedApp(world: World, { parameters }: Call): AppOptions {
  const app = appOf(world)
  if (parameters['installation_id'] !== String(app.installation)) throw notFound()
  return app
}

function installationShape(world: World, app: AppOptions): { [key: string]: Json } {
  const url = `${world.settings.origin}/api/v3/app/installations/${app.installation}`
  return {
    id: app.installation,
    account: { ...userShape(world, world.settings.owner), type: 'Organization' },
    repository_selection: 'selected',
    access_tokens_url: `${url}/access_tokens`,
    repositories_url: `${world.settings.origin}/api/v3/installation/repositories`,
    html_url: `${world.settings.origin}/organizations/${world.settings.owner}/settings/installations/${app.installation}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: 1,
    target_type: 'Organization',
    permissions: permissionsOf(app),
    events: [],
    created_at: date,
    updated_at: date,
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
  }
}

/** Good for an hour. */
function createToken(world: World, call: Call): Answer {
  const app = installedApp(world, call)
  const asked = (call.body['permissions'] ?? app.permissions) as AppOptions['permissions']
  const names = Object.keys(asked) as (keyof AppOptions['permissions'])[]
  if (names.some((name) => asked[name] === 'write' && app.permissions[name] !== 'write'))
    throw new Denial(422, 'The permissions requested are not granted to this installation.')
  const wanted = call.body['repositories'] as readonly string[] | undefined
  if (wanted?.some((name) => name !== world.settings.name) === true)
    throw new Denial(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    )
  const expiresAt = new Date(world.settings.now().getTime() + 3_600_000)
  const token = `ghs_${world.id()}${'x'.repeat(32)}`
  world.tokens.set(token, {
    login: `${app.slug}[bot]`,
    permissions: asked,
    expiresAt,
    isInstallation: true,
  })
  return created({
    token,
    expires_at: expiresAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    permissions: permissionsOf({ ...app, permissions: asked }),
    repository_selection: 'selected',
  })
}

function revoke(world: World, { headers }: Call): Answer {
  world.tokens.delete((headers.authorization ?? '').replace(/^\S+ +/, ''))
  return noContent
}
