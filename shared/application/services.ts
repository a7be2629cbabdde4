import type { Endpoint } from '../domain/endpoint.ts';
import type { BatchStore } from '../ports/batch-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { EndpointProbe } from '../ports/endpoint-probe.ts';
import type { Logger } from '../ports/logger.ts';
import type { MailSource } from '../ports/mail-source.ts';
import type { MailTarget } from '../ports/mail-target.ts';
import type { Mailer } from '../ports/mailer.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Sealer, SecretReader } from '../ports/sealer.ts';
import type { OutOfOfficeSource } from '../ports/out-of-office-source.ts';
import type { SourceDirectory } from '../ports/source-directory.ts';
import type { TargetDirectory } from '../ports/target-directory.ts';
import type { Workflow } from '../ports/workflow.ts';

/** What a deployment decides, not a batch. */
export interface DeploymentSettings {
  /** Receives what no batch or endpoint names a recipient for; null: such mails are shown, not sent. */
  readonly operator: string | null;
  /** First and longest wait of a child in seconds (they double between). */
  readonly firstWaitSeconds: number;
  readonly longestWaitSeconds: number;
  /** Milliseconds a slice may work before it ends by itself; on Lambda what the invocation has left counts too. */
  readonly sliceBudgetMs: number;
  /** Milliseconds between the two looks of a settlement. */
  readonly settleLookMs: number;
  /** Lease and slot: 90 s, renewed every 30 s. */
  readonly leaseMs: number;
  readonly renewMs: number;
  /** `s3` bucket name, or the data folder: what manifests name as their bucket. */
  readonly bucket: string;
  /** Link to a report or page that stays valid; null in embedded mode, where paths are shown. */
  readonly consoleUrl: string | null;
}

/**
 * All that use cases need from the world. Each use case takes the part it uses: `Pick<Services, 'store' | 'clock'>`,
 * so that a Lambda wires (and is granted) no more than that. Use cases are functions
 * `verbNoun(services, input) -> output`, one a file.
 */
export interface Services {
  readonly store: BatchStore;
  readonly objects: ObjectStore;
  readonly workflow: Workflow;
  readonly mailer: Mailer;
  readonly sealer: Sealer;
  readonly secrets: SecretReader;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: DeploymentSettings;
  /** Protocol adapters for an endpoint; secrets are opened inside. */
  readonly mailSource: (endpoint: Endpoint) => MailSource;
  readonly mailTarget: (endpoint: Endpoint) => MailTarget;
  readonly endpointProbe: EndpointProbe;
  /** Of staged endpoints; ConfigurationError ENDPOINT_INVALID where the endpoint has none. */
  readonly sourceDirectory: (endpoint: Endpoint) => SourceDirectory;
  readonly targetDirectory: (endpoint: Endpoint) => TargetDirectory;
  /** undefined: the source does not tell. */
  readonly outOfOfficeSource: (endpoint: Endpoint) => OutOfOfficeSource | undefined;
}
