import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PracticeOrganisation } from '../../simulator/practice-organisation.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { Random } from '../support/mail/random.ts';
import { compareOrganisation } from '../support/practice/compare-organisation.ts';
import { startCompany } from '../support/practice/start-company.ts';

const kills = 10;
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'staged';
const patienceMs = 600_000;

describe('A staged batch whose process is killed again and again', () => {
  let company: PracticeOrganisation;
  let workspace: Workspace;
  let run: readonly string[];

  beforeAll(async () => {
    company = await startCompany({ people: 5, messages: 40 });
    workspace = new Workspace(company.environment);
    const endpoint = workspace.writeEndpoint({
      name: 'contoso',
      ...company.endpoint('contoso'),
      ...{ defaults: { settleAfter: 2 } },
    });
    const csv = workspace.write('wave.csv', `EmailAddress\n${company.addresses.join('\n')}\n`);
    run = ['run', '--endpoint', endpoint, '--csv', csv, '--json'];
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await company.stop();
  });

  it(
    'ends with each item once at the target, and forwarding as it should be after every kill',
    async () => {
      const random = new Random(seed);
      const { log } = company.online;
      for (let killed = 0; killed < kills; killed += 1) {
        const until = log.requests.length + random.between(5, 90);
        const command = workspace.start(...run);
        while (log.requests.length < until && !command.ended) await sleep(2);
        // Not killed: then nothing would have been tried.
        expect({ killed, ended: command.ended }).toEqual({ killed, ended: false });
        command.kill();
        await command.end;
        for (const address of company.addresses)
          expect([null, routing(address)]).toContain(company.forwardingOf(address));
      }

      const end = await workspace.call(...run);

      expect({ code: end.code, stderr: end.code === 0 ? '' : end.stderr }).toEqual({ code: 0, stderr: '' });
      expect(shownBatch(end)).toMatchObject({ status: 'Synced', counts: { synced: 5 } });
      expect(compareOrganisation(company)).toEqual([]);
      for (const address of company.addresses) expect(company.forwardingOf(address)).toBe(routing(address));
    },
    patienceMs,
  );
});

function routing(address: string): string {
  return `SMTP:${address.replace(/@.*/, '')}@contoso.mail.onmicrosoft.com`;
}
