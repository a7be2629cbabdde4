import type { JsonObject } from '../json-object.ts';

/** A refused sign-in, with the number of Entra's error: AADSTS7000215. */
export class SignInFailure extends Error {
  readonly status: number;
  readonly json: JsonObject;

  constructor({
    status,
    error,
    number,
    message,
  }: {
    readonly status: number;
    readonly error: string;
    readonly number: number;
    readonly message: string;
  }) {
    super(message);
    this.status = status;
    this.json = { error, error_description: `AADSTS${String(number)}: ${message}`, error_codes: [number] };
  }
}
