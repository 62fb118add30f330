import { expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { proxySettings } from './proxy.ts'

const proxy = 'http://proxy.example.com:3128'

test('proxies come from the environment in either case', () => {
  expect(proxySettings({ HTTPS_PROXY: proxy, no_proxy: 'localhost' }, '24.5.0').proxyEnv).toEqual({
    https_proxy: proxy,
    no_proxy: 'localhost',
  })
})

test('without a proxy every version of Node will do', () => {
  expect(proxySettings({ NO_PROXY: '*', HTTPS_PROXY: '' }, '22.18.0').proxyEnv).toBeUndefined()
})

test.each(['22.21.0', '24.5.0', '25.0.0', '26.1.0'])('Node %s uses a proxy', (version) => {
  expect(proxySettings({ http_proxy: proxy }, version).proxyEnv).toEqual({ http_proxy: proxy })
})

test.each(['22.20.9', '23.11.0', '24.4.1'])(
  'Node %s would go around it, so that is an error',
  async (version) => {
    const failing = () => proxySettings({ HTTPS_PROXY: proxy }, version)

    expect(failing).toThrow(version)
    try {
      failing()
    } catch (error) {
      await expect(failureText(error).replace(version, 'VERSION')).toMatchFileSnapshot(
        'testdata/errors/proxy-node.txt',
      )
    }
  },
)
