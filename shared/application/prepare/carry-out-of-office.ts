import { isKnownError } from '../../domain/errors.ts';
import type { CarriedOutOfOffice } from '../../domain/job-preparation.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import type { OutOfOffice } from '../../ports/target-directory.ts';
import { changeJob } from '../change-job.ts';
import { sourceCredentials } from '../mailbox-credentials.ts';
import type { Services } from '../services.ts';
import type { PrepareServices, Preparing } from './prepare-mailbox.ts';

type CarryServices = PrepareServices & Pick<Services, 'sealer' | 'outOfOfficeSource'>;

/**
 * Carries the out-of-office switch of the source mailbox over, once. The text is the user's to write again, unless the
 * option says that it is set. No mailbox fails over it: what could not be done is told to the admin.
 */
export async function carryOutOfOffice(services: CarryServices, preparing: Preparing): Promise<MailboxJob> {
  const { job, options, endpoint } = preparing;
  const source = services.outOfOfficeSource(endpoint);
  if (source === undefined || options.outOfOffice === 'never' || job.outOfOffice !== undefined) return job;
  const carried = await carry(services, preparing, async () =>
    source.read(await sourceCredentials(services, job), preparing.signal),
  );
  if (carried === undefined) return job;
  return await changeJob(services.store, job, (known) => ({
    ...known,
    outOfOffice: carried,
    updatedAt: new Date(services.clock.now()).toISOString(),
  }));
}

async function carry(
  services: PrepareServices,
  { job, options, endpoint, signal }: Preparing,
  read: () => Promise<OutOfOffice | undefined>,
): Promise<CarriedOutOfOffice | undefined> {
  const { preparation } = job;
  if (preparation === undefined) return undefined;
  try {
    const found = await read();
    if (found === undefined) return undefined;
    if (found.state === 'disabled') return { state: 'disabled', carried: 'none', note: null };
    const hasText = options.outOfOffice === 'set' && (found.internalReply ?? found.externalReply) !== null;
    const wanted = hasText ? found : { ...found, internalReply: null, externalReply: null };
    await services.targetDirectory(endpoint).setOutOfOffice(preparation.targetId, wanted, signal);
    return {
      state: found.state,
      carried: hasText ? 'text' : 'switch',
      note: hasText ? null : 'Out of office is on without its text: the user has to write it again.',
    };
  } catch (error) {
    if (!isKnownError(error)) throw error;
    services.log.warn('The out-of-office switch could not be carried over', { row: job.row, code: error.code });
    const note = `The out-of-office switch could not be carried over (${error.code}): the user has to look at it.`;
    return { state: 'disabled', carried: 'none', note };
  }
}
