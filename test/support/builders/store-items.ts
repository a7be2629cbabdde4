import type { Batch } from '../../../shared/domain/batch.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { MailRecord } from '../../../shared/domain/mail-record.ts';
import { noItems } from '../../../shared/domain/mailbox-job.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';

const at = '2026-11-20T21:00:00.000Z';

export function anEndpoint(name: string): Endpoint {
  const server = { kind: 'imap', host: 'mail.contoso.test', login: { mode: 'user' } } as const;
  return Endpoint.parse({ name, type: 'imap', source: server, target: server, defaults: { badItemLimit: 3 } });
}

export function aBatch(changes: Partial<Batch> = {}): Batch {
  return {
    schema: 1,
    version: 0,
    name: 'wave-1',
    type: 'imap',
    endpoint: 'contoso',
    status: 'Created',
    reason: null,
    errorCode: null,
    createdAt: at,
    startedAt: null,
    finishedAt: null,
    startedBy: 'admin',
    lastActivityAt: at,
    passStartedAt: null,
    options: { notify: ['admin@contoso.test'], badItemLimit: 0, note: '' },
    pass: 'initial',
    passNumber: 0,
    uploads: [{ key: 'incoming/contoso/wave-1.csv', version: 'v1' }],
    runs: 0,
    run: null,
    fileFindings: [],
    completion: null,
    removal: null,
    overrides: [],
    files: [],
    checks: [],
    ...changes,
  };
}

export function aJob(changes: Partial<MailboxJob> = {}): MailboxJob {
  return {
    schema: 1,
    version: 0,
    batch: 'wave-1',
    id: 'ann@contoso.test',
    mailbox: 'Ann@contoso.test',
    row: 1,
    line: 2,
    status: 'Queued',
    reason: 'waits for its turn',
    error: null,
    since: at,
    cause: 'Its row was read.',
    file: null,
    userName: 'ann',
    userRoot: null,
    targetUserName: null,
    options: {},
    pairId: null,
    items: noItems,
    bytesTransferred: 0,
    bytesEstimated: 0,
    passDone: 0,
    final: false,
    copyDoubtful: false,
    approval: null,
    waiver: null,
    green: null,
    verification: null,
    slices: 0,
    itemsReport: null,
    renamedFolders: [{ source: 'Gesendet/Ärger', target: 'Gesendet/Ärger_' }],
    leftOutFolders: [],
    queuedAt: at,
    startedAt: null,
    syncedAt: null,
    completedAt: null,
    updatedAt: at,
    ...changes,
  };
}

export function aMail(changes: Partial<MailRecord> = {}): MailRecord {
  return {
    schema: 1,
    batch: 'wave-1',
    kind: 'finished',
    occasion: '1',
    claimedAt: 0,
    attempts: 0,
    outcome: 'claimed',
    detail: '',
    ...changes,
  };
}
