import { failureText } from '../../src/errors.ts'

/** The failure as people see it. */
export const failureTextOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'It did not fail',
    (error: unknown) => failureText(error),
  )
