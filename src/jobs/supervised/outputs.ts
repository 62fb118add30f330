import { open } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { closing, codeOf, fileSystemError } from '../../lib/atomic-file.ts'

const sizeBytesMax = 64 * 1024

/** What a job said about itself: lines of `NAME=VALUE`; a name that comes again counts the last time. */
export async function readOutputs(path: string, job: string): Promise<{ readonly [name: string]: string }> {
  const text = await readBounded(path, job)
  const outputs: Record<string, string> = {}
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_-]*)=(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw badLine(job, index + 1)
    outputs[name] = value
  }
  return outputs
}

async function readBounded(path: string, job: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    return await closing(file, async () => {
      const { size } = await file.stat()
      if (size > sizeBytesMax) throw tooLarge(job)
      return await file.readFile('utf8')
    })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw fileSystemError(error, 'read', path)
  }
}

// The line itself is not repeated: it may hold what should not be told.
const badLine = (job: string, line: number): UserError =>
  new UserError('JOB_OUTPUTS', `Line ${line} of the outputs of the job "${job}" is not NAME=VALUE.`, {
    hint: 'Write lines such as echo "image=$digest" >> "$HAWSER_OUTPUT"; names have letters, digits, "_" and "-".',
  })

const tooLarge = (job: string): UserError =>
  new UserError('JOB_OUTPUTS', `The outputs of the job "${job}" are larger than 64 KiB.`, {
    hint: 'Outputs are short values. Leave files in the folder $HAWSER_ARTIFACTS instead.',
  })
