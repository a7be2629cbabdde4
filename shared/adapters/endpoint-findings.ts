import type { EndpointCheck } from '../ports/endpoint-probe.ts';
import { Findings } from './findings.ts';

/** What is checked of a server of which one mailbox is opened too, in this order. */
export const mailboxServerChecks: readonly EndpointCheck['check'][] = [
  'reachable',
  'certificate',
  'sign-in',
  'capabilities',
  'mailbox',
];

/** The checks of one side of an endpoint, as they are made. */
export class EndpointFindings extends Findings<EndpointCheck['check']> {
  readonly #side: EndpointCheck['side'];

  /** `order`: in which the checks are made. */
  constructor(side: EndpointCheck['side'], order: readonly EndpointCheck['check'][]) {
    super(order);
    this.#side = side;
  }

  override complete(): readonly EndpointCheck[] {
    return super.complete().map((found) => ({ side: this.#side, ...found }));
  }
}
