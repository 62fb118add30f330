// node scripts/ket-pins.ts: writes the pins of the stand-ins into examples/ket-packages/hawser.yaml, after the stand-ins changed.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { example, pinnedExample } from '../test/acceptance/ket-pins.ts'

await writeFile(join(example, 'hawser.yaml'), await pinnedExample())
