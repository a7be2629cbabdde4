import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SesMailEvent, tagsOf } from '../../../shared/adapters/aws/ses-event.ts';
import { SqliteFile } from '../../../shared/adapters/local/sqlite-state-table.ts';
import { TableBatchStore } from '../../../shared/adapters/store/table-batch-store.ts';
import { recordMailEvent } from '../../../shared/application/record-mail-event.ts';
import { sendBatchMail } from '../../../shared/application/send-batch-mail.ts';
import { MailKind, type MailIdentity } from '../../../shared/domain/mail-record.ts';
import { memoryServices } from '../../support/reports/memory-services.ts';
import { sampleBatch, sampleJob } from '../../support/reports/sample-batch.ts';

const position = { batch: 'contoso-1', pass: 'initial', run: 1, next: 'rest', reason: '', mail: 'finished' } as const;

/** As Amazon SES publishes it, with the tags as arrays and tags of its own. */
function sesEvent(identity: MailIdentity, rest: object) {
  const tags = Object.fromEntries(tagsOf(identity).map(({ Name, Value }) => [Name, [Value]]));
  return {
    mail: {
      timestamp: '2026-11-20T20:02:00.000Z',
      messageId: 'ses-1',
      destination: ['boss@contoso.test'],
      tags: { ...tags, 'ses:configuration-set': ['stagecoach'] },
    },
    ...rest,
  };
}

const bounce = {
  eventType: 'Bounce',
  bounce: {
    bounceType: 'Permanent',
    bounceSubType: 'General',
    timestamp: '2026-11-20T20:02:05.123Z',
    bouncedRecipients: [
      { emailAddress: 'boss@contoso.test', diagnosticCode: 'smtp; 550 5.1.1 <boss@contoso.test>: unknown user' },
    ],
  },
};

const complaint = {
  eventType: 'Complaint',
  complaint: {
    timestamp: '2026-11-20T21:00:00.000Z',
    complainedRecipients: [{ emailAddress: 'boss@contoso.test' }],
    complaintFeedbackType: 'abuse',
  },
};

async function sentMail() {
  const { memory, services } = memoryServices({ batch: sampleBatch(), jobs: [sampleJob()] });
  await sendBatchMail(services, { ...position, kind: 'finished' });
  return { memory, services, record: memory.records[0]! };
}

describe('bounces and complaints about our own mails', () => {
  it('are kept with the record of the mail, without addresses', async () => {
    const { memory, services, record } = await sentMail();
    expect(await recordMailEvent(services, SesMailEvent.parse(sesEvent(record, bounce)))).toBe('recorded');
    expect(memory.records).toEqual([
      {
        ...record,
        delivery: {
          outcome: 'bounced',
          at: '2026-11-20T20:02:05.123Z',
          detail: 'Permanent, General, smtp; 550 5.1.1 <(address)>: unknown user',
        },
      },
    ]);
    expect(JSON.stringify(memory.records)).not.toContain('boss');
  });

  it('reach the record in the store itself', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stagecoach-mails-'));
    const file = SqliteFile.open(join(folder, 'state.db'));
    const store = new TableBatchStore({ state: file.table('state'), passwords: file.table('passwords') });
    const { services } = memoryServices();
    const mail = { batch: 'contoso-1', kind: 'digest', occasion: 'at-2026-11-21T20:00:01.000Z' } as const;
    const record = { schema: 1, ...mail, claimedAt: 1, attempts: 1, outcome: 'claimed', detail: '' } as const;
    await store.claimMail(record, 1, 1000);
    await store.recordMail({ ...record, outcome: 'sent', detail: 'ses-1' });

    const bounced = SesMailEvent.parse(sesEvent(mail, bounce));
    await recordMailEvent({ store, log: services.log }, bounced);
    // A sender that was slow to say so takes nothing away.
    await store.recordMail({ ...record, outcome: 'sent', detail: 'ses-1' });

    expect(await store.mailsOf('contoso-1')).toMatchObject([
      { ...mail, outcome: 'sent', detail: 'ses-1', delivery: bounced.delivery },
    ]);
    file.close();
    await rm(folder, { recursive: true });
  });

  it('stay as they were heard first, however often and in what order the service repeats them', async () => {
    const { memory, services, record } = await sentMail();
    const complained = SesMailEvent.parse(sesEvent(record, complaint));
    expect(await recordMailEvent(services, complained)).toBe('recorded');
    expect(await recordMailEvent(services, complained)).toBe('known');
    expect(await recordMailEvent(services, SesMailEvent.parse(sesEvent(record, bounce)))).toBe('known');
    expect(memory.records).toMatchObject([{ delivery: { outcome: 'complained', detail: 'abuse' } }]);
  });

  it('tell that a mail was sent, where its sender died before it could', async () => {
    const { memory, services, record } = await sentMail();
    memory.records[0] = { ...record, outcome: 'claimed', detail: '' };
    await recordMailEvent(services, SesMailEvent.parse(sesEvent(record, bounce)));
    expect(memory.records).toMatchObject([{ outcome: 'sent', detail: 'ses-1', delivery: { outcome: 'bounced' } }]);
  });

  it('are dropped where the mail is not known any more', async () => {
    const { memory, services, record } = await sentMail();
    const other = { ...record, batch: 'removed' };
    expect(await recordMailEvent(services, SesMailEvent.parse(sesEvent(other, bounce)))).toBe('dropped');
    expect(memory.records).toEqual([record]);
  });

  it.each([
    ['of another kind', { eventType: 'Delivery', delivery: {} }],
    ['without our tags', { ...bounce, mail: { messageId: 'x', tags: {} } }],
  ])('are told from events %s', async (_what, rest) => {
    const { record } = await sentMail();
    expect(SesMailEvent.safeParse(sesEvent(record, rest)).success).toBe(false);
  });

  it('find their mail by tags that Amazon SES takes, whatever the batch is called', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
    const occasion = fc.stringMatching(/^[a-zA-Z0-9.:_-]{1,40}$/);
    fc.assert(
      fc.property(name, fc.constantFrom(...MailKind.options), occasion, (batch, kind, about) => {
        const identity = { batch, kind, occasion: about };
        for (const { Value } of tagsOf(identity)) expect(Value).toMatch(/^[A-Za-z0-9_-]{1,256}$/);
        expect(SesMailEvent.parse(sesEvent(identity, bounce)).mail).toEqual(identity);
      }),
    );
  });
});
