import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailTarget, PageWriter } from '../../../shared/ports/mail-target.ts';
import type { CopyHarness } from '../../support/copy/copy-harness.ts';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { withMembers } from '../../support/with-members.ts';

const password = 'pw';
const users = { 'early@contoso.test': password, 'late@contoso.test': password };
const messages = 120;
/** A page of some 60 kB: the kernel's buffers take all of it from a process that is stopped. */
const pages = { items: 40, octets: 1_000_000, inFlight: 1, listing: 2_500 };

interface Zombie {
  readonly harness: CopyHarness;
  /** The server's, stopped. */
  readonly processes: readonly number[];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** A target at which something happens before the first page and when all of that page, its last line end included, is sent. */
function aroundFirstPage(
  inner: MailTarget,
  happens: { readonly before: () => Promise<void>; readonly sent: () => void },
): MailTarget {
  let first = true;
  return {
    open: async (credentials, signal) => {
      const mailbox = await inner.open(credentials, signal);
      return withMembers(mailbox, {
        beginPage: (...page) => {
          const writer = mailbox.beginPage(...page);
          if (!first) return writer;
          first = false;
          return watched(writer, happens);
        },
      });
    },
  };
}

function watched(
  writer: PageWriter,
  happens: { readonly before: () => Promise<void>; readonly sent: () => void },
): PageWriter {
  let begun = false;
  return withMembers(writer, {
    begin: (envelope) => {
      if (begun) return writer.begin(envelope);
      begun = true;
      return happens.before().then(() => writer.begin(envelope));
    },
    finish: () => {
      const outcomes = writer.finish();
      happens.sent();
      return outcomes;
    },
  });
}

describeWithDovecot('A server that stores what a dead worker had sent', () => {
  const copies = new DovecotCopies({ users });

  const atTarget = (user: string): Promise<number> => copies.inInbox(copies.target, user);

  /** The worker's server process is stopped before the first octet of a page; all of the page is sent; the worker dies. */
  const leaveZombie = async (user: string): Promise<Zombie> => {
    seedMailbox(copies.source, user, generateMailbox({ seed: user, folders: 1, messages, bytes: messages * 1_500 }));
    const harness = await copies.open(user, { pages });
    const { mailTarget } = harness.services;
    const worker = new AbortController();
    const sent = Promise.withResolvers<undefined>();
    let stopped: readonly number[] = [];
    Object.assign(harness.services, {
      mailTarget: (endpoint: Parameters<typeof mailTarget>[0]) =>
        aroundFirstPage(mailTarget(endpoint), {
          before: async () => {
            stopped = await copies.target.pause(user);
          },
          sent: () => sent.resolve(undefined),
        }),
    });
    const slice = harness.slice(user, 'b', worker.signal);
    await sent.promise;
    // What was handed to the socket in this turn of the event loop is with the kernel in the next.
    await new Promise((resolve) => setImmediate(resolve));
    worker.abort();
    expect(await slice).toMatchObject({ outcome: 'unfinished' });
    expect(stopped).toHaveLength(1);
    Object.assign(harness.services, { mailTarget });
    return { harness, processes: stopped };
  };

  /** The process of the dead client ends when it has stored what it had received. */
  const letGo = async ({ processes }: Zombie): Promise<void> => {
    for (const pid of processes) process.kill(pid, 'SIGCONT');
    while (processes.some(isAlive)) await sleep(20);
  };

  it('is waited for: what it stores before the page is settled is taken as copied', async () => {
    const user = 'early@contoso.test';
    const zombie = await leaveZombie(user);
    expect(await atTarget(user)).toBe(0);
    await letGo(zombie);
    expect(await atTarget(user)).toBe(pages.items);

    const job = await zombie.harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: messages, total: messages } });
    expect(await copies.differences(user)).toEqual([]);
  });

  it('doubles nothing when it stores a page long after a successor has settled it and come to the end', async () => {
    const user = 'late@contoso.test';
    const zombie = await leaveZombie(user);
    const settled = await zombie.harness.run(user);
    expect(settled).toMatchObject({ status: 'Synced', green: true, items: { copied: messages } });
    expect(await atTarget(user)).toBe(messages);
    await letGo(zombie);
    // It was a zombie indeed: a page is there twice.
    expect(await atTarget(user)).toBe(messages + pages.items);

    await zombie.harness.beginPass('incremental');
    const job = await zombie.harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: messages, total: messages } });
    expect(await copies.differences(user)).toEqual([]);
  });
});
