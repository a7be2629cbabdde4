import { errorCatalogue, type ErrorCode } from '../domain/error-catalogue.ts';
import { isKnownError, TransientError } from '../domain/errors.ts';
import type { EndpointCheck } from '../ports/endpoint-probe.ts';

export interface Finding {
  readonly result: EndpointCheck['result'];
  /** Of what failed. */
  readonly code?: ErrorCode;
  readonly evidence: string;
  readonly fix?: string;
}

/** What is checked of a directory. */
export const directoryChecks = ['reachable', 'certificate', 'sign-in', 'rights', 'recipients'] as const;

type Outcome = Omit<EndpointCheck, 'side' | 'check'>;

const unchecked = outcomeOf({ result: 'cannot-check', evidence: 'An earlier check was not passed.' });

const certificateCodes: readonly ErrorCode[] = [
  'SOURCE_CERTIFICATE_INVALID',
  'TARGET_CERTIFICATE_INVALID',
  'DIRECTORY_CERTIFICATE_INVALID',
];

/** The checks of one server, as they are made. */
export class Findings<Check extends EndpointCheck['check']> {
  readonly #order: readonly Check[];
  readonly #outcomes = new Map<EndpointCheck['check'], Outcome>();

  /** `order`: in which the checks are made. */
  constructor(order: readonly Check[]) {
    this.#order = order;
  }

  /** Undefined: all of them have been made. */
  get next(): Check | undefined {
    return this.#order.find((check) => !this.#outcomes.has(check));
  }

  add(check: Check, finding: Finding): void {
    this.#outcomes.set(check, outcomeOf(finding));
  }

  /** `blamed`: the check that failed, where it is not the next one. What is not one of the five kinds goes on up. */
  fail(error: unknown, blamed?: Check): void {
    if (!isKnownError(error)) throw error;
    const isCertificate = certificateCodes.includes(error.code);
    const check = isCertificate ? 'certificate' : (blamed ?? this.next ?? this.#order.at(-1));
    if (check === undefined) throw error;
    if (isCertificate) this.#outcomes.set('reachable', outcomeOf({ result: 'pass', evidence: 'The server answers.' }));
    const { code, message: evidence } = error;
    const { fix } = errorCatalogue[code];
    const transient = error instanceof TransientError;
    this.#outcomes.set(check, { ...outcomeOf({ result: 'fail', code, evidence, fix }), transient });
  }

  complete(): readonly (Outcome & { readonly check: Check })[] {
    return this.#order.map((check) => ({ check, ...(this.#outcomes.get(check) ?? unchecked) }));
  }
}

function outcomeOf(finding: Finding): Outcome {
  return { code: null, transient: false, fix: '', ...finding };
}
