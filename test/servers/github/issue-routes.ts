import {
  type Answer,
  type Call,
  created,
  type Handlers,
  invalid,
  noContent,
  notFound,
  ok,
  page,
} from './exchange.ts'
import { tellPull } from './pull-events.ts'
import { pullOf } from './pull-routes.ts'
import { issueShape, labelShape } from './pull-shapes.ts'
import type { LabelState, PullState, World } from './world.ts'

const R = '/repos/{owner}/{repo}'

export const issueRoutes: Handlers = {
  [`GET ${R}/issues/{issue_number}`]: {
    needs: 'read',
    answer: (world, call) => ok(issueShape(world, pullOf(world, call))),
  },
  [`PATCH ${R}/issues/{issue_number}`]: { needs: 'issues:write', answer: updateIssue },
  [`GET ${R}/issues/{issue_number}/labels`]: { needs: 'read', answer: labelsOf },
  [`POST ${R}/issues/{issue_number}/labels`]: { needs: 'issues:write', answer: addLabels },
  [`PUT ${R}/issues/{issue_number}/labels`]: { needs: 'issues:write', answer: setLabels },
  [`DELETE ${R}/issues/{issue_number}/labels/{name}`]: { needs: 'issues:write', answer: removeLabel },
  [`GET ${R}/labels`]: { needs: 'read', answer: list },
  [`POST ${R}/labels`]: { needs: 'issues:write', answer: create },
  [`GET ${R}/labels/{name}`]: {
    needs: 'read',
    answer: (world, call) => ok(labelShape(world, labelOf(world, call))),
  },
  [`PATCH ${R}/labels/{name}`]: { needs: 'issues:write', answer: update },
  [`DELETE ${R}/labels/{name}`]: { needs: 'issues:write', answer: remove },
}

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** Labels that nobody made are made by using them. */
export function ensureLabel(world: World, name: string): LabelState {
  const found = world.labels.find((label) => isSame(label.name, name))
  if (found !== undefined) return found
  const label = { id: world.id(), name, color: 'ededed', description: null }
  world.labels.push(label)
  return label
}

function labelOf(world: World, { parameters: { name = '' } }: Call): LabelState {
  const found = world.labels.find((label) => isSame(label.name, name))
  if (found === undefined) throw notFound()
  return found
}

function namesIn({ body }: Call): readonly string[] {
  const given = Array.isArray(body) ? body : (body['labels'] ?? [])
  const list = Array.isArray(given) ? given : []
  return list.flatMap((item) => {
    if (typeof item === 'string') return [item]
    const name = typeof item === 'object' && item !== null && !Array.isArray(item) ? item['name'] : undefined
    return typeof name === 'string' ? [name] : []
  })
}

function setNames(world: World, pull: PullState, names: readonly string[]): void {
  const before = pull.labels
  pull.labels = [...new Set(names.map((name) => ensureLabel(world, name).name))]
  pull.updatedAt = world.time()
  for (const name of pull.labels)
    if (!before.includes(name)) tellPull(world, pull, { action: 'labeled', label: { name } })
}

function answerLabels(world: World, pull: PullState): Answer {
  return ok(pull.labels.map((name) => labelShape(world, ensureLabel(world, name))))
}

function updateIssue(world: World, call: Call): Answer {
  const pull = pullOf(world, call)
  if (call.body['labels'] !== undefined) setNames(world, pull, namesIn(call))
  if (typeof call.body['title'] === 'string') pull.title = call.body['title']
  return ok(issueShape(world, pull))
}

function labelsOf(world: World, call: Call): Answer {
  const pull = pullOf(world, call)
  const address = `${world.api}/issues/${pull.number}/labels`
  const { items, headers } = page(call, pull.labels, address, world.switches.pageSizeMax)
  return { status: 200, json: items.map((name) => labelShape(world, ensureLabel(world, name))), headers }
}

function addLabels(world: World, call: Call): Answer {
  const pull = pullOf(world, call)
  setNames(world, pull, [...pull.labels, ...namesIn(call)])
  return answerLabels(world, pull)
}

function setLabels(world: World, call: Call): Answer {
  const pull = pullOf(world, call)
  setNames(world, pull, namesIn(call))
  return answerLabels(world, pull)
}

function removeLabel(world: World, call: Call): Answer {
  const pull = pullOf(world, call)
  const { name = '' } = call.parameters
  if (!pull.labels.some((label) => isSame(label, name))) throw notFound()
  pull.labels = pull.labels.filter((label) => !isSame(label, name))
  return answerLabels(world, pull)
}

function list(world: World, call: Call): Answer {
  const { items, headers } = page(call, world.labels, `${world.api}/labels`, world.switches.pageSizeMax)
  return { status: 200, json: items.map((label) => labelShape(world, label)), headers }
}

function create(world: World, { body }: Call): Answer {
  const name = String(body['name'])
  if (world.labels.some((label) => isSame(label.name, name)))
    throw invalid({ resource: 'Label', code: 'already_exists', field: 'name' })
  const label = ensureLabel(world, name)
  if (typeof body['color'] === 'string') label.color = body['color']
  if (typeof body['description'] === 'string') label.description = body['description']
  return created(labelShape(world, label))
}

function update(world: World, call: Call): Answer {
  const label = labelOf(world, call)
  const { new_name: name, color, description } = call.body
  if (typeof name === 'string') {
    for (const pull of world.pulls) pull.labels = pull.labels.map((old) => (old === label.name ? name : old))
    label.name = name
  }
  if (typeof color === 'string') label.color = color
  if (typeof description === 'string') label.description = description
  return ok(labelShape(world, label))
}

function remove(world: World, call: Call): Answer {
  const label = labelOf(world, call)
  world.labels.splice(world.labels.indexOf(label), 1)
  for (const pull of world.pulls) pull.labels = pull.labels.filter((name) => name !== label.name)
  return noContent
}
