import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ExchangeOnlineSimulator } from '../../simulator/exchange-online/exchange-online-simulator.ts';
import type { TenantOptions } from '../../simulator/exchange-online/store/tenant.ts';
import { ExchangeSimulator } from '../../simulator/exchange/exchange-simulator.ts';
import { fillPracticeItems } from '../../simulator/exchange/practice-items.ts';
import { PracticeMailbox } from '../../simulator/exchange/practice-mailbox.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { fillExchange } from '../support/exchange/fill-exchange.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { describeWithSamba } from '../support/samba/describe-with-samba.ts';
import { withDirectory } from '../support/samba/open-directory.ts';
import { SambaServer } from '../support/samba/samba-server.ts';

const names = ['alice', 'bob'] as const;
const addresses = names.map((name) => `${name}@contoso.test`);
/** She moves in a batch of her own, and has forwarded elsewhere all along. */
const carol = 'carol@contoso.test';
const initialDomain = 'contoso.onmicrosoft.com';
const deliveryDomain = 'contoso.mail.onmicrosoft.com';
const clientId = '0a0b0c0d-1234-4567-89ab-00000000000b';
const environment = {
  EXCHANGE_PASSWORD: 'source-pw',
  DIRECTORY_PASSWORD: 'Passw0rd!Mig',
  APPLICATION_SECRET: 'application-pw',
};
/** Where bob's mail went before anybody thought of moving. */
const elsewhere = 'SMTP:bob@elsewhere.test';
const patienceMs = 300_000;

describeWithSamba('A staged batch whose directory is an Active Directory', () => {
  let samba: SambaServer;
  let exchange: ExchangeSimulator;
  let online: ExchangeOnlineSimulator;
  let workspace: Workspace;

  beforeAll(async () => {
    samba = await SambaServer.start();
    samba.change(
      `dn: CN=bob,OU=Staff,${samba.base}\nchangetype: modify\nreplace: targetAddress\ntargetAddress: ${elsewhere}\n-\n`,
    );
    const mailboxes = [...addresses, carol].map((address) => new PracticeMailbox(address));
    for (const mailbox of mailboxes) {
      fillExchange(mailbox, generateMailbox({ seed: mailbox.address, folders: 3, messages: 10 }));
      fillPracticeItems(mailbox);
    }
    exchange = await ExchangeSimulator.start({
      mailboxes,
      accounts: [{ name: 'CONTOSO\\migadmin', password: environment.EXCHANGE_PASSWORD, opens: '*' }],
      auth: ['NTLM'],
    });
    online = await ExchangeOnlineSimulator.start({ tenants: [await tenantOf(samba)] });
    workspace = new Workspace(environment);
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([exchange.stop(), online.stop(), samba.stop()]);
  });

  function endpointFile(): string {
    return workspace.writeEndpoint({
      ...{ name: 'contoso', type: 'staged', maxConcurrentMigrations: 2, defaults: { settleAfter: 1 } },
      source: {
        ...{ kind: 'exchange', ewsUrl: exchange.ewsUrl, auth: 'ntlm', access: 'fullAccess' },
        login: { mode: 'admin', user: 'CONTOSO\\migadmin', secret: 'env:EXCHANGE_PASSWORD' },
      },
      directory: samba.directory(),
      target: {
        ...{ kind: 'exchange-online', tenant: initialDomain, clientId, secret: 'env:APPLICATION_SECRET' },
        ...{ mail: 'graph', deliveryDomain, practice: { login: online.url, graph: online.url } },
      },
    } as { readonly name: string });
  }

  function orders(): readonly string[] {
    const endpoint = endpointFile();
    const csv = workspace.write('wave.csv', `EmailAddress\n${addresses.join('\n')}\n`);
    return ['run', '--endpoint', endpoint, '--csv', csv, '--json'];
  }

  async function forwarding(): Promise<readonly (string | null)[]> {
    return await Promise.all(names.map(async (name) => (await samba.valuesOf(name, 'targetAddress'))[0] ?? null));
  }

  it(
    'forwards new mail when it is copied, and puts back what was there when it is taken back',
    async () => {
      const end = await workspace.call(...orders());

      expect({ code: end.code, stderr: end.code === 0 ? '' : end.stderr }).toEqual({ code: 0, stderr: '' });
      expect(shownBatch(end)).toMatchObject({ status: 'Synced', counts: { synced: 2 } });
      expect(await forwarding()).toEqual(names.map((name) => `SMTP:${name}@${deliveryDomain}`));
      // The directory's account may write nothing else; the rest of the object is as it was.
      expect(await samba.valuesOf('bob', 'proxyAddresses')).toEqual(['SMTP:bob@contoso.test']);

      const back = await workspace.call('batch', 'stop', 'wave', '--rollback');

      expect({ code: back.code, stderr: back.code === 0 ? '' : back.stderr }).toEqual({ code: 0, stderr: '' });
      expect(await forwarding()).toEqual([null, elsewhere]);
    },
    patienceMs,
  );

  it(
    'says before the start what it replaces, and is converted by LDIF in the end and back',
    async () => {
      const carols = async (attribute: string) => await samba.valuesOf('carol', attribute);
      const before = await carols('homeMDB');
      const put = await workspace.call('endpoint', 'put', endpointFile());
      expect(put.stdout).toContain('sends the new mail of its people to their new mailboxes');
      const csv = workspace.write('last.csv', `EmailAddress\n${carol}\n`);
      const made = await workspace.call('batch', 'create', 'last', '--endpoint', 'contoso', '--csv', csv, '--no-start');
      expect(made.stderr).toContain(`On start, new mail of 1 person goes to addresses of ${deliveryDomain}.`);
      expect(made.stderr).toContain(`to be replaced: ${carol} to carol@elsewhere.test.`);
      expect(await carols('targetAddress')).toEqual(['SMTP:carol@elsewhere.test']);

      expect(shownBatch(await workspace.call('batch', 'start', 'last', '--json'))).toMatchObject({ status: 'Synced' });
      expect(await carols('targetAddress')).toEqual([`SMTP:carol@${deliveryDomain}`]);
      const end = await workspace.call('batch', 'complete', 'last', '--json');
      expect(shownBatch(end)).toMatchObject({ status: 'Completed' });

      const convert = async (...how: readonly string[]) =>
        JSON.parse((await workspace.call('batch', 'convert', 'last', '--json', ...how)).stdout) as Converted;
      expect(await convert('--apply')).toMatchObject({
        mailboxes: [{ outcome: 'refused', reason: expect.stringContaining('is kept until') }],
      });
      const written = await convert();
      expect(written.mailboxes).toEqual([{ mailbox: carol, outcome: 'scripted', reason: '' }]);
      const ldif = (name: string) =>
        readFileSync(written.files.find((file) => file.endsWith(`/${name}.ldif`)) ?? '', 'utf8');
      samba.change(ldif('ConvertSource'));
      expect([await carols('homeMDB'), await carols('msExchRecipientTypeDetails')]).toEqual([[], ['128']]);
      expect(await convert()).toMatchObject({ mailboxes: [{ outcome: 'already' }], files: [] });
      samba.change(ldif('RevertSource'));
      expect(await carols('homeMDB')).toEqual(before);

      // The endpoint's account may set forwarding, and nothing else.
      expect(await convert('--apply', '--early', 'rehearsal')).toMatchObject({
        mailboxes: [{ outcome: 'refused', reason: expect.stringContaining('may not write') }],
      });
      expect(await carols('homeMDB')).toEqual(before);
    },
    patienceMs,
  );
});

interface Converted {
  readonly mailboxes: readonly object[];
  readonly files: readonly string[];
}

/** Directory synchronisation has made a user of each of them. */
async function tenantOf(samba: SambaServer): Promise<TenantOptions> {
  const users = await withDirectory(samba.directory(), (directory) =>
    Promise.all(
      [...names, 'carol'].map(async (name) => {
        const address = `${name}@contoso.test`;
        const found = await directory.findRecipient(address);
        if (found.outcome !== 'found') throw new Error(`${address}: ${found.outcome}`);
        const proxyAddresses = [`SMTP:${address}`, `smtp:${name}@${deliveryDomain}`];
        return { userPrincipalName: address, proxyAddresses, synchronised: found.recipient.immutableIds[0] };
      }),
    ),
  );
  return {
    initialDomain,
    domains: ['contoso.test', deliveryDomain],
    synchronised: true,
    applications: [{ clientId, secret: environment.APPLICATION_SECRET }],
    users,
  };
}
