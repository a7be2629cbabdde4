import { afterEach, expect, it } from '@jest/globals';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { mailTarget } from '../../../shared/adapters/mail-servers.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { startPracticeImap, type PracticeImap } from '../../support/exchange-online/practice-imap.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { GraphWorld, anna, targetOf } from './support/graph-world.ts';

describeWithDovecot('Mail copied to Exchange Online by IMAP with OAuth', () => {
  let world: GraphWorld | undefined;
  let imap: PracticeImap | undefined;

  afterEach(async () => {
    await world?.close();
    await imap?.stop();
  });

  it('is there once, and is not written again by a second pass', async () => {
    const noObjects = {
      create: () => Promise.reject(new Error('no object is needed')),
      get: () => Promise.resolve(undefined),
    };
    // The engine's own time is not played: an IMAP server is given real seconds to answer.
    const services = { clock: systemClock, secrets: () => Promise.resolve('master'), objects: noObjects };
    world = await GraphWorld.open({ change: { mailTarget: (endpoint) => mailTarget(endpoint, services) } });
    imap = await startPracticeImap(world.simulator, anna);
    const practice = { login: world.simulator.url, graph: world.simulator.url, imap: imap.place };
    await world.harness.changeEndpoint({ target: { ...targetOf(world.simulator), mail: 'imap', practice } });
    world.fill(generateMailbox({ seed: 1, folders: 5, messages: 60, ugly: true, huge: 0 }));

    const job = await world.harness.run(anna);
    await world.harness.beginPass('incremental');
    const again = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 60, total: 60 } });
    expect(again).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 60, total: 60 } });
    // Graph is asked for the directory alone.
    expect(world.items).toEqual([]);
    expect(imap.asked()).toBeGreaterThan(0);
  });
});
