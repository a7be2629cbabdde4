import { errorCatalogue } from '../domain/error-catalogue.ts';
import { isKnownError, TransientError, type KnownError } from '../domain/errors.ts';
import type { EndpointCheck } from '../ports/endpoint-probe.ts';

type Check = EndpointCheck['check'];

export interface Finding {
  readonly result: 'pass' | 'warn' | 'cannot-check';
  readonly evidence: string;
  readonly fix?: string;
}

/** What is checked of a server of which one mailbox is opened too, in this order. */
export const mailboxServerChecks: readonly Check[] = ['reachable', 'certificate', 'sign-in', 'capabilities', 'mailbox'];

/** The checks of one side of an endpoint, as they are made. */
export class EndpointFindings {
  readonly #role: EndpointCheck['side'];
  readonly #order: readonly Check[];
  readonly #checks = new Map<Check, EndpointCheck>();

  /** `order`: in which the checks are made. */
  constructor(role: EndpointCheck['side'], order: readonly Check[]) {
    this.#role = role;
    this.#order = order;
  }

  add(check: Check, finding: Finding): void {
    this.#checks.set(check, { side: this.#role, check, code: null, transient: false, fix: '', ...finding });
  }

  /** `blamed`: the check that failed, where it is not the next one. What is not one of the five kinds goes on up. */
  fail(error: unknown, blamed?: Check): void {
    if (!isKnownError(error)) {
      throw error;
    }
    const check = blamed ?? this.#blamed(error);
    if (check === 'certificate') {
      this.add('reachable', { result: 'pass', evidence: 'The server answers.' });
    }
    this.#checks.set(check, {
      side: this.#role,
      check,
      result: 'fail',
      code: error.code,
      transient: error instanceof TransientError,
      evidence: error.message,
      fix: errorCatalogue[error.code].fix,
    });
  }

  complete(): readonly EndpointCheck[] {
    return this.#order.map(
      (check) =>
        this.#checks.get(check) ?? {
          side: this.#role,
          check,
          result: 'cannot-check',
          code: null,
          transient: false,
          evidence: 'An earlier check was not passed.',
          fix: '',
        },
    );
  }

  #blamed({ code }: KnownError): Check {
    if (code === 'SOURCE_CERTIFICATE_INVALID' || code === 'TARGET_CERTIFICATE_INVALID') {
      return 'certificate';
    }
    return this.#order.find((check) => !this.#checks.has(check)) ?? 'capabilities';
  }
}
