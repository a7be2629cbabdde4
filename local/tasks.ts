import { z } from 'zod';
import { checkPrerequisites } from '../shared/application/check-prerequisites.ts';
import { copySlice } from '../shared/application/copy/copy-slice.ts';
import { findWhereTheBatchStands } from '../shared/application/find-where-the-batch-stands.ts';
import { importBatchFile } from '../shared/application/import-batch-file.ts';
import { forwardMail } from '../shared/application/prepare/forward-mail.ts';
import { prepareRound } from '../shared/application/prepare/prepare-round.ts';
import { provisionMailbox } from '../shared/application/prepare/provision-mailbox.ts';
import { putBackForwarding } from '../shared/application/prepare/put-back-forwarding.ts';
import { planRound } from '../shared/application/plan-round.ts';
import { removeWhatIsLeft } from '../shared/application/remove-what-is-left.ts';
import { recordFailure } from '../shared/application/record-failure.ts';
import { restBatch } from '../shared/application/rest-batch.ts';
import { reviewRound } from '../shared/application/review-round.ts';
import { sendBatchMail } from '../shared/application/send-batch-mail.ts';
import { settleBatch } from '../shared/application/settle-batch.ts';
import type { Services } from '../shared/application/services.ts';
import { writeReports } from '../shared/application/write-reports.ts';
import {
  BatchPosition,
  MailInput,
  ManifestEntry,
  MigrateBatchInput,
  PrepareInput,
  RoundPlan,
  SliceInput,
  SliceOutput,
} from '../shared/domain/workflow-steps.ts';
import type { TaskHandler } from './workflow/workflow-runner.ts';

const FindInput = z.object({ execution: z.string(), input: MigrateBatchInput });
const FailureInput = BatchPosition.extend({
  error: z.object({ Error: z.string(), Cause: z.string() }).optional(),
});

/** What Lambda's longest invocation would leave; here a slice ends by the deployment's slice budget. */
const noDeadlineMs = 86_400_000;

/**
 * The functions that the state machine calls, by their names there: what the Lambda handlers are on AWS. Input is
 * parsed, as it is there: fields that a state does not know (the manifest's entries) fall away.
 */
export function workflowTasks(
  services: () => Services,
  beforeCopying: () => Promise<void> = () => Promise.resolve(),
): Readonly<Record<string, TaskHandler>> {
  return {
    'find-where-the-batch-stands': (input) => {
      const { execution, input: order } = FindInput.parse(input);
      return findWhereTheBatchStands(services(), { ...order, execution });
    },
    'import-batch-file': (input) => importBatchFile(services(), BatchPosition.parse(input)),
    'check-prerequisites': (input) => checkPrerequisites(services(), BatchPosition.parse(input)),
    'prepare-round': (input, context) => prepareRound(services(), BatchPosition.parse(input), context),
    'provision-mailbox': (input, context) => provisionMailbox(services(), PrepareInput.parse(input), context),
    'forward-mail': (input, context) => forwardMail(services(), PrepareInput.parse(input), context),
    'put-back-forwarding': (input, context) => putBackForwarding(services(), BatchPosition.parse(input), context),
    'plan-round': (input) => planRound(services(), BatchPosition.parse(input)),
    'copy-slice': async (input, { stopping, signal }) => {
      await beforeCopying();
      const remainingMs = (): number => (stopping() ? 0 : noDeadlineMs);
      return SliceOutput.parse(await copySlice(services(), SliceInput.parse(input), { remainingMs, signal }));
    },
    'review-round': (input) => reviewRound(services(), RoundPlan.parse(input)),
    'settle-batch': (input) => settleBatch(services(), BatchPosition.parse(input)),
    'write-reports': (input) => writeReports(services(), BatchPosition.parse(input)),
    'send-mail': (input) => sendBatchMail(services(), MailInput.parse(input)),
    'rest-batch': (input) => restBatch(services(), BatchPosition.parse(input)),
    'remove-batch': (input) => removeWhatIsLeft(services(), BatchPosition.parse(input)),
    'record-failure': async (input) => {
      const position = await recordFailure(services(), FailureInput.parse(input));
      // As the Lambda of that name does: a batch that cannot go on says so by mail.
      return position.next === 'fail' ? sendBatchMail(services(), { ...position, kind: 'refused' }) : position;
    },
  };
}

const Manifest = RoundPlan.pick({ due: true, manifest: true });

/** The entries of the manifest that a round's plan names; none where nothing is due. */
export async function loadManifest(
  { objects }: Pick<Services, 'objects'>,
  plan: unknown,
): Promise<readonly ManifestEntry[]> {
  const { due, manifest } = Manifest.parse(plan);
  if (due === 0) return [];
  const octets = await objects.get(manifest.key);
  if (octets === undefined) throw new Error(`There is no manifest ${manifest.key}.`);
  return z.array(ManifestEntry).parse(JSON.parse(new TextDecoder().decode(octets)));
}
