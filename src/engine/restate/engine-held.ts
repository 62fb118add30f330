import { TransientError } from '../../errors.ts'
import type { LockHolder } from './folder-lock.ts'

/** Another process has the engine of this project. Its runs can be watched and decided with `attachRestateEngine`. */
export class EngineHeld extends TransientError {
  override readonly name = 'EngineHeld'
  readonly holder: LockHolder

  constructor(holder: LockHolder) {
    const who = `the process ${holder.pid} on "${holder.host}"`
    super('ENGINE_HELD', `The engine of this project is held by ${who} since ${holder.since}.`, {
      hint: 'Wait until it ends, or watch it with hawser status.',
    })
    this.holder = holder
  }
}
