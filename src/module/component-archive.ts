import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { codeOf, fileSystemError, makeFolder, writeFileAtomic } from '../lib/atomic-file.ts'
import { digestOf } from '../lib/digest.ts'
import {
  type ComponentDescriptor,
  type ComponentResource,
  isLocalBlob,
  readDescriptor,
  writeDescriptor,
} from './component-descriptor.ts'
import { type ModuleBlob, moduleBlob } from './module-blob.ts'

/** OCM, "component archive": one component in a folder, its blobs in files that are named by their digests. */
const descriptorFile = 'component-descriptor.yaml'

export interface ArchivedComponent {
  readonly descriptor: ComponentDescriptor
  readonly blobs: readonly ModuleBlob[]
}

/** Blobs first, the descriptor that names them last. In an archive a blob is called `sha256.<hex>`. */
export async function writeComponentArchive(
  folder: string,
  { descriptor, blobs }: ArchivedComponent,
): Promise<void> {
  await makeFolder(join(folder, 'blobs'))
  for (const { descriptor: own, bytes } of blobs) {
    await writeFileAtomic(join(folder, 'blobs', own.digest.replace(':', '.')), bytes)
  }
  const named = withReferences(descriptor, (reference) => reference.replace(':', '.'))
  await writeFileAtomic(join(folder, descriptorFile), writeDescriptor(named))
}

export async function readComponentArchive(folder: string): Promise<ArchivedComponent> {
  const text = (await readPart(folder, descriptorFile)).toString('utf8')
  const written = readDescriptor(text, join(folder, descriptorFile))
  const blobs: ModuleBlob[] = []
  for (const { name, access } of written.component.resources.filter((one) => isLocalBlob(one.access))) {
    const reference = String(access['localReference'])
    if (!/^sha256[.:][0-9a-f]{64}$/.test(reference)) {
      throw archiveError(`the resource "${name}" is in "${reference}", which is no name of a blob`, folder)
    }
    const bytes = await readPart(folder, 'blobs', reference.replace(':', '.'))
    if (digestOf(bytes) !== reference.replace('.', ':')) {
      throw archiveError(`blobs/${reference.replace(':', '.')} holds other bytes than its name says`, folder)
    }
    blobs.push(moduleBlob(String(access['mediaType'] ?? 'application/octet-stream'), bytes))
  }
  return { descriptor: withReferences(written, (reference) => reference.replace('.', ':')), blobs }
}

function withReferences(
  descriptor: ComponentDescriptor,
  rename: (reference: string) => string,
): ComponentDescriptor {
  const renamed = (resource: ComponentResource): ComponentResource => {
    const { localReference } = resource.access
    if (!isLocalBlob(resource.access) || typeof localReference !== 'string') return resource
    return { ...resource, access: { ...resource.access, localReference: rename(localReference) } }
  }
  const resources = descriptor.component.resources.map(renamed)
  return { ...descriptor, component: { ...descriptor.component, resources } }
}

async function readPart(folder: string, ...path: readonly string[]): Promise<Buffer> {
  const full = join(folder, ...path)
  try {
    return await readFile(full)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw archiveError(`it has no ${path.join('/')}`, folder)
    throw fileSystemError(error, 'read', full)
  }
}

const archiveError = (problem: string, folder: string): UserError =>
  new UserError('OCM_ARCHIVE', `${folder} is no component archive: ${problem}.`, {
    hint: 'Make the archive again from the component.',
  })
