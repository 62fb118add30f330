import { expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { ancestorsOf, graphFindings, topologicalOrder } from './order.ts'

const node = (id: string, ...needs: string[]) => ({ id, needs })
const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown')
}

test('nodes come after what they need, and otherwise stay as declared', () => {
  const nodes = [node('d', 'b', 'c'), node('z'), node('c', 'a'), node('b', 'a'), node('a')]

  expect(topologicalOrder(nodes).map(({ id }) => id)).toEqual(['z', 'a', 'c', 'b', 'd'])
})

test('all that stands below a node is its ancestor, once', () => {
  const nodes = [node('a'), node('b', 'a'), node('c', 'a'), node('d', 'b', 'c'), node('e')]

  expect([...ancestorsOf('d', nodes)].sort()).toEqual(['a', 'b', 'c'])
})

test('cycles, unknown needs and double ids are all told at once', async () => {
  const nodes = [
    node('build', 'sign'),
    node('sign', 'publish'),
    node('publish', 'build'),
    node('notify', 'publish', 'chat'),
    node('self', 'self'),
    node('notify'),
  ]

  expect(graphFindings(nodes).map(({ code, node: at }) => `${code} ${at}`)).toEqual([
    'PIPELINE_DUPLICATE_ID notify',
    'PIPELINE_UNKNOWN_NEED notify',
    'PIPELINE_CYCLE build',
    'PIPELINE_CYCLE self',
  ])
  const text = failureText(thrownBy(() => topologicalOrder(nodes)))
  await expect(text).toMatchFileSnapshot('testdata/errors/graph-all.txt')
})

test('a cycle is named in full', async () => {
  const nodes = [node('a', 'c'), node('b', 'a'), node('c', 'b')]

  const text = failureText(thrownBy(() => topologicalOrder(nodes)))
  await expect(text).toMatchFileSnapshot('testdata/errors/graph-cycle.txt')
})

test('a need that is missing is named with those that exist', async () => {
  const text = failureText(thrownBy(() => topologicalOrder([node('build'), node('sign', 'biuld')])))
  await expect(text).toMatchFileSnapshot('testdata/errors/graph-unknown-need.txt')
})
