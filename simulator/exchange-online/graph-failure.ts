export interface FailureFacts {
  readonly status: number;
  /** Without it the answer has no body: nothing but the status. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An answer that is no: `{ error: { code, message } }`. */
export class GraphFailure extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ status, code, message = '', headers = {} }: FailureFacts) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  get json(): { readonly error: { readonly code: string; readonly message: string } } {
    return { error: { code: this.code ?? '', message: this.message } };
  }
}

export function badRequest(message: string, code = 'BadRequest'): GraphFailure {
  return new GraphFailure({ status: 400, code, message });
}

export function itemNotFound(message = 'The specified object was not found in the store.'): GraphFailure {
  return new GraphFailure({ status: 404, code: 'ErrorItemNotFound', message });
}
