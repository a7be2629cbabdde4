import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { webdavMailSource } from '../../../shared/adapters/webdav/webdav-mail-source.ts';
import { ExchangeServer } from '../../../shared/domain/endpoint.ts';
import { TransientError } from '../../../shared/domain/errors.ts';
import { internalDateSeconds } from '../../../shared/domain/internal-date.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { WebdavSimulator } from '../../../simulator/exchange-2003/webdav-simulator.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';

const address = 'anna@contoso.test';

/** What happens to a folder between two looks at it, or while it is looked at. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'read' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('look' as const) }),
  fc.record({ kind: fc.constantFrom('forget' as const, 'look twice' as const) }),
  fc.record({
    kind: fc.constant('break' as const),
    after: fc.integer({ min: 0, max: 3_000 }),
    skip: fc.nat({ max: 3 }),
  }),
);

describe('The list of a folder of Exchange 2003', () => {
  it('is what the folder holds, and numbers stand for the same items for ever, whatever happens', async () => {
    const shapes = { manifests: fc.boolean(), manifestsTellReading: fc.boolean(), deepQueries: fc.boolean() };
    await fc.assert(
      fc.asyncProperty(
        fc.record(shapes),
        fc.array(step, { minLength: 6, maxLength: 16, size: 'max' }),
        async (options, steps) => {
          const mailbox = new PracticeMailbox(address);
          const inbox = mailbox.wellKnown('inbox')!.id;
          const accounts = [{ name: address, password: 'pw', opens: [address] }];
          const simulator = await WebdavSimulator.start({ mailboxes: [mailbox], accounts, ...options });
          const { webdavUrl } = simulator;
          const server = ExchangeServer.parse({ kind: 'exchange', webdavUrl, auth: 'basic', login: { mode: 'user' } });
          const objects = new MemoryObjectStore();
          const services = { secrets: () => Promise.resolve(''), clock: systemClock, objects };
          const credentials = { emailAddress: address, userName: address, password: 'pw' };
          /** By UID: when the item was received, each at a moment of its own. */
          const known = new Map<string, string>();
          let number = 0;

          const look = async (): Promise<void> => {
            const source = await webdavMailSource(server, services).open(credentials, new AbortController().signal);
            try {
              const folder = (await source.listFolders()).folders.find(({ role }) => role === 'inbox')!;
              const [state] = await source.folderStates([folder]);
              if (state === undefined || state === 'missing') throw new Error('missing');
              const { uidValidity, uidNext } = state;
              const items = await source.listItems(folder, { uidValidity, from: 1, to: uidNext });
              for (const { uid, internalDate } of items) {
                const key = `${String(uidValidity)} ${String(uid)}`;
                expect(known.get(key) ?? internalDate).toBe(internalDate);
                known.set(key, internalDate);
              }
              const there = mailbox
                .items(inbox)
                .map(({ received, read }) => `${String(received.getTime())} ${String(read)}`);
              const listed = items.map(({ internalDate, flags }) => {
                const received = internalDateSeconds(internalDate) * 1_000;
                return `${String(received)} ${String(flags.includes('\\Seen'))}`;
              });
              expect(listed.sort()).toEqual(there.sort());
            } finally {
              await source.close();
            }
          };
          const whateverBreaks = (error: unknown): void => {
            if (!(error instanceof TransientError)) throw error;
          };

          try {
            for (const happening of steps) {
              const items = mailbox.items(inbox);
              const item = 'which' in happening ? items[happening.which % Math.max(1, items.length)] : undefined;
              if (happening.kind === 'add') {
                for (let at = 0; at < happening.count; at += 1) {
                  number += 1;
                  const received = new Date(1.6e12 + ((number * 7_919) % 10_007) * 1_000);
                  mailbox.addItem(inbox, {
                    mime: () => Buffer.from('Subject: x\r\n\r\n'),
                    received,
                    read: number % 3 === 0,
                  });
                }
              } else if (happening.kind === 'remove') mailbox.removeItem(item?.id ?? '');
              else if (happening.kind === 'read') mailbox.changeItem(item?.id ?? '', { read: item?.read !== true });
              else if (happening.kind === 'forget') simulator.store.forgetManifests();
              else if (happening.kind === 'break')
                simulator.play({ method: 'SEARCH', cutAfter: happening.after, skip: happening.skip });
              else if (happening.kind === 'look') await look().catch(whateverBreaks);
              // Two workers at once: a slice whose lease has ended does not know it yet.
              else await Promise.all([look().catch(whateverBreaks), look().catch(whateverBreaks)]);
            }
            // What was to break has broken by then.
            for (let at = 0; at < steps.length + 1; at += 1) await look().catch(whateverBreaks);
            await look();
          } finally {
            await simulator.stop();
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
