import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditVerb } from '../domain/audit.ts';
import type { Batch } from '../domain/batch.ts';
import type { ErrorCode } from '../domain/error-catalogue.ts';
import type { Services } from './services.ts';

/** Who asks for something, of which batch, and of which of its mailboxes (addresses or ids; absent: all). */
export interface VerbRequest {
  readonly batch: string;
  readonly by: string;
  readonly mailboxes?: readonly string[] | undefined;
}

export interface Refused {
  readonly outcome: 'refused';
  readonly code: ErrorCode;
  readonly reason: string;
}
/** What a verb comes to. `batch` as stored afterwards. */
export type VerbOutcome = { readonly outcome: 'done'; readonly batch: Batch } | Refused;

export function refused(reason: string, code: ErrorCode = 'REFUSED_IN_THIS_STATE'): Refused {
  return { outcome: 'refused', code, reason };
}

export function noSuchBatch(batch: string): Refused {
  return refused(`There is no batch ${batch}.`, 'BATCH_NOT_FOUND');
}

/** As many ids as an entry names. */
export const namedMailboxes = 100;

export interface AuditNote {
  readonly batch: string;
  readonly who: string;
  readonly verb: AuditVerb;
  readonly mailboxes?: readonly string[] | undefined;
  readonly detail?: string | undefined;
  readonly why?: string | undefined;
  readonly outcome?: AuditEntry['outcome'];
}

let noted = 0;

/** Lines of one millisecond stand in the order in which this process wrote them. */
function nextId(): string {
  noted += 1;
  return `${String(noted).padStart(10, '0')}-${randomUUID()}`;
}

/** Appends a line to the batch's audit trail. */
export async function noteAudit({ store, clock }: Pick<Services, 'store' | 'clock'>, note: AuditNote): Promise<void> {
  const { batch, who, verb, mailboxes = [], detail = '', why = '', outcome = 'done' } = note;
  await store.appendAudit({
    schema: 1,
    batch,
    at: new Date(clock.now()).toISOString(),
    id: nextId(),
    who,
    verb,
    mailboxes: mailboxes.slice(0, namedMailboxes),
    mailboxCount: mailboxes.length,
    detail,
    why,
    outcome,
  });
}

/** Notes that what was asked for is being done; called before the first write, however often. */
export type Decided = () => Promise<void>;

/**
 * Does what was asked for and notes it, done or refused, in the audit trail of a batch that is there. The line is written
 * before anything is done: nothing is done that the trail does not know. Where somebody else is quicker after that, a
 * second line says that it was refused.
 */
export async function audited<Outcome extends { readonly outcome: string }>(
  services: Pick<Services, 'store' | 'clock'>,
  note: Omit<AuditNote, 'outcome'>,
  act: (decided: Decided) => Promise<Outcome>,
): Promise<Outcome> {
  const seen = { decided: false };
  const decided: Decided = async () => {
    if (seen.decided) return;
    seen.decided = true;
    await noteAudit(services, note);
  };
  const result = await act(decided);
  if (isRefusal(result)) {
    if (result.code !== 'BATCH_NOT_FOUND')
      await noteAudit(services, { ...note, detail: joined(note.detail, result.reason), outcome: 'refused' });
  } else if (result.outcome === 'done' || result.outcome === 'started') await decided();
  return result;
}

function isRefusal(result: { readonly outcome: string }): result is Refused {
  return result.outcome === 'refused';
}

function joined(detail: string | undefined, reason: string): string {
  return detail === undefined || detail === '' ? reason : `${detail}: ${reason}`;
}
