import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mustRun } from '../clients/command.ts'
import { hawserCommand } from './hawser.ts'
import { produce, pushBranch, stage } from './package-flow.ts'
import { debVersions, readObject, rpmVersions } from './package-readers.ts'
import { type PackageCheckout, type PackageWorld, packageWorld } from './package-world.ts'

let world: PackageWorld
/** Where main was released last. */
let machine: PackageCheckout
beforeAll(async () => {
  world = await packageWorld()
}, 120_000)
afterAll(() => world.stop())

const valuesAt = async (commit = ''): Promise<string> =>
  String(await world.ket.world.git.readFile(commit, 'ansible/group_vars/all.yaml'))

test('P20 build, sign and release on a machine of a person, to the buckets that the environment names', async () => {
  const checkout = await world.checkout('dev')
  const environment = {
    ...checkout.environment,
    ...{ DEB_REPO: 'my-deb-test', RPM_REPO: 'my-rpm-test', HAWSER: hawserCommand },
    FLAGS: checkout.inputs.join(' '),
  }
  for (const Bucket of ['my-deb-test', 'my-rpm-test'])
    await world.s3.client.send(new CreateBucketCommand({ Bucket }))
  await mustRun('make', ['all'], { cwd: checkout.root, environment })
  expect(await debVersions(world, 'my-deb-test', 'kismatic-etcd')).toEqual(['1.5.2-1'])
  expect(await rpmVersions(world, 'my-rpm-test', 'kismatic-etcd')).toEqual(['1.5.2_1-1'])
}, 300_000)

describe('the package release of examples/ket-packages, whole, twice', () => {
  test('the first build: staging, the pull request of KET, its tests, production, merged', async () => {
    await pushBranch(world, 'dev', {})
    const staged = await stage(world)
    expect(staged.version).toBe('1.5.2-1')
    const [pull, ...others] = world.ket.world.pulls
    expect(others).toEqual([])
    expect(pull?.title).toBe('Use the packages 1.5.2-1')
    const proposed = await valuesAt(pull?.headCommit)
    expect(proposed).toContain(
      `kubernetes_deb_repository_url: ${world.s3.endpoint}/${world.buckets.DEB_REPO} `,
    )

    const produced = await produce(world, staged.version)

    expect(produced.code, produced.stderr.slice(-3000)).toBe(0)
    const values = await valuesAt('refs/heads/main')
    expect(values).toContain(
      `kubernetes_deb_repository_url: ${world.s3.endpoint}/${world.buckets.DEB_REPO_PRODUCTION} `,
    )
    expect(values).toContain('kismatic_kubernetes_master_yum_version: 1.5.2_1-1\n')
    expect(world.ket.world.pulls.map(({ mergeCommit }) => mergeCommit !== undefined)).toEqual([true])
    expect(world.packages.world.releases.map(({ tag, isDraft }) => [tag, isDraft])).toEqual([
      ['1.5.2-1', false],
    ])
  }, 600_000)

  test('P17 an empty bucket becomes a repository with its public key, readable by everybody', async () => {
    const { buckets } = world
    for (const bucket of [buckets.DEB_REPO_PRODUCTION, buckets.RPM_REPO_PRODUCTION]) {
      expect((await readObject(world, bucket, 'public.key')).toString()).toContain(
        'BEGIN PGP PUBLIC KEY BLOCK',
      )
    }
    expect((await readObject(world, buckets.DEB_REPO_PRODUCTION, 'deb.sources')).toString()).toContain(
      'Suites: xenial',
    )
    expect((await readObject(world, buckets.RPM_REPO_PRODUCTION, 'rpm.repo')).toString()).toContain(
      'gpgcheck=1',
    )
    expect(
      (await readObject(world, buckets.DEB_REPO_PRODUCTION, 'dists/xenial/Release.gpg')).length,
    ).toBeGreaterThan(0)
  })

  test('what is in production are the bytes that were tested in staging', async () => {
    const { buckets } = world
    const path = 'pool/main/k/kismatic-etcd/kismatic-etcd_1.5.2-1_amd64.deb'
    expect(
      (await readObject(world, buckets.DEB_REPO_PRODUCTION, path)).equals(
        await readObject(world, buckets.DEB_REPO, path),
      ),
    ).toBe(true)
  })

  test('the next build gets the next number, and takes nothing away', async () => {
    await pushBranch(world, 'dev', { 'NOTES.md': 'The second build.\n' })
    const staged = await stage(world)
    expect(staged.version).toBe('1.5.2-2')

    const produced = await produce(world, staged.version)

    expect(produced.code, produced.stderr.slice(-3000)).toBe(0)
    machine = produced.machine
    expect(world.ket.world.pulls.map(({ mergeCommit, title }) => [title, mergeCommit !== undefined])).toEqual(
      [
        ['Use the packages 1.5.2-1', true],
        ['Use the packages 1.5.2-2', true],
      ],
    )
  }, 600_000)

  test('P15 the RPM repository lists the old build and the new one, and both files are there', async () => {
    const bucket = world.buckets.RPM_REPO_PRODUCTION
    expect(await rpmVersions(world, bucket, 'kismatic-kubernetes-master')).toEqual(['1.5.2_1-1', '1.5.2_2-1'])
    for (const version of ['1.5.2_1', '1.5.2_2']) {
      await readObject(world, bucket, `packages/kismatic-kubernetes-master-${version}-1.x86_64.rpm`)
    }
  })

  test('P16 the DEB repository lists both, and the pool has both where they were looked for before', async () => {
    const bucket = world.buckets.DEB_REPO_PRODUCTION
    expect(await debVersions(world, bucket, 'kismatic-kubernetes-master')).toEqual(['1.5.2-1', '1.5.2-2'])
    for (const version of ['1.5.2-1', '1.5.2-2']) {
      await readObject(
        world,
        bucket,
        `pool/main/k/kismatic-kubernetes-master/kismatic-kubernetes-master_${version}_amd64.deb`,
      )
    }
  })

  test('released again, nothing changes', async () => {
    const again = await machine.hawser('release', '1.5.2-2', '--yes')

    expect(again.code, again.stderr.slice(-3000)).toBe(0)
    expect(world.ket.world.pulls).toHaveLength(2)
    expect(await debVersions(world, world.buckets.DEB_REPO_PRODUCTION, 'kismatic-etcd')).toEqual([
      '1.5.2-1',
      '1.5.2-2',
    ])
  }, 300_000)
})
