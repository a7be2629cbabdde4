/** The event does not fit. Its message names fields, and never holds a value. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
