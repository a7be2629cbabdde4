import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ntlmKey, ntlmResponse } from '../../../shared/adapters/exchange-http/ntlm/ntlm-response.ts';
import { avIds, encodeAvPairs, fileTime, unicode } from '../../../shared/adapters/exchange-http/ntlm/ntlm-values.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { fillPracticeItems } from '../../../simulator/exchange/practice-items.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { writeCertificates } from '../../support/dovecot/certificates.ts';
import { describeWithPython, python } from '../../support/exchange/describe-with-python.ts';

const run = promisify(execFile);
const script = (name: string): string => join(import.meta.dirname, '../../support/exchange', name);

describeWithPython('ntlm_auth', 'NTLM v2 as ntlm_auth computes it', () => {
  it.each([
    ['ann', 'pw', 'CONTOSO'],
    ['Jürgen', 'pä§§wörd€', 'Contoso'],
    ['ann@contoso.test', '', ''],
  ])('is the same for %s', (user, password, domain) => {
    const serverChallenge = Buffer.from('fedcba9876543210', 'hex');
    const clientChallenge = Buffer.from('0102030405060708', 'hex');
    const time = fileTime(Date.UTC(2026, 10, 20));
    const targetInfo = encodeAvPairs(new Map([[avIds.domainName, unicode('CONTOSO')]]));
    const hex = [serverChallenge, clientChallenge, time, targetInfo].map((octets) => octets.toString('hex'));

    const key = ntlmKey({ user, password, domain });
    const ours = ntlmResponse({ key, serverChallenge, clientChallenge, time, targetInfo });
    const theirs = execFileSync(python, [script('ntlm_response.py'), user, password, domain, ...hex], {
      encoding: 'utf8',
    });

    expect(`${ours.nt.toString('hex')} ${ours.sessionBaseKey.toString('hex')}\n`).toBe(theirs);
  });
});

describeWithPython('exchangelib', 'The practice Exchange, read by exchangelib', () => {
  let folder: string;
  const simulators: ExchangeSimulator[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'exchange-'));
    writeCertificates(folder, 'valid');
  });

  afterAll(async () => {
    await Promise.all(simulators.map((simulator) => simulator.stop()));
    rmSync(folder, { recursive: true });
  });

  const user = 'CONTOSO\\anna';
  const address = 'anna@contoso.test';

  async function start(version: '2007SP1' | '2010SP1', secure: boolean): Promise<ExchangeSimulator> {
    const mailbox = new PracticeMailbox(address);
    const inbox = mailbox.wellKnown('inbox')!.id;
    mailbox.addFolder('Projekte & Ähnliches', { parent: inbox });
    for (const [at, subject] of ['Grüße', 'a < b', 'bell \u0007'].entries()) {
      const mime = Buffer.from(`Message-ID: <${String(at)}@contoso.test>\r\nSubject: x\r\n\r\nHello ${String(at)}\r\n`);
      mailbox.addItem(inbox, { mime: () => mime, subject, received: new Date(1.6e12 + at * 1000), read: at === 1 });
    }
    const cert = readFileSync(join(folder, 'cert.pem'), 'utf8');
    const tls = { key: readFileSync(join(folder, 'key.pem'), 'utf8'), cert };
    const simulator = await ExchangeSimulator.start({
      mailboxes: [mailbox],
      accounts: [{ name: user, password: 'pw', opens: [address] }],
      version,
      ...(secure ? { tls, bindTo: new X509Certificate(cert).raw } : {}),
    });
    simulators.push(simulator);
    return simulator;
  }

  describe.each([
    ['2007SP1', 'basic', false],
    ['2007SP1', 'ntlm', false],
    ['2010SP1', 'ntlm', false],
    // With channel binding and MIC demanded.
    ['2010SP1', 'ntlm', true],
  ] as const)('as %s, by %s, over TLS: %s', (version, auth, secure) => {
    it('shows its folders and its mail', async () => {
      const { ewsUrl } = await start(version, secure);

      const { stdout } = await run(python, [script('read_mailbox.py'), ewsUrl, auth, version, user, 'pw', address]);

      const read = JSON.parse(stdout) as { folders: string[]; below: string[]; items: Record<string, unknown>[] };
      expect(read.folders).toEqual(expect.arrayContaining(['Calendar', 'Drafts', 'Inbox', 'Sent Items']));
      expect(read.below).toEqual(['Projekte & Ähnliches']);
      expect(read.items).toMatchObject([
        { subject: 'Grüße', read: false, received: '2020-09-13T12:26:40+00:00' },
        { subject: 'a < b', read: true, received: '2020-09-13T12:26:41+00:00' },
        { subject: expect.stringContaining('bell'), read: false },
      ]);
      expect(read.items.map(({ mime }) => String(mime).split('\r\n\r\n')[1])).toEqual([
        'Hello 0\r\n',
        'Hello 1\r\n',
        'Hello 2\r\n',
      ]);
    });
  });

  it.each(['2007SP1', '2010SP1'] as const)('shows its contacts and its calendar, as %s', async (version) => {
    const mailbox = new PracticeMailbox(address);
    fillPracticeItems(mailbox);
    const accounts = [{ name: user, password: 'pw', opens: [address] }];
    const simulator = await ExchangeSimulator.start({ mailboxes: [mailbox], accounts, version });
    simulators.push(simulator);

    const { stdout } = await run(python, [script('read_items.py'), simulator.ewsUrl, version, user, 'pw', address]);

    const read = JSON.parse(stdout) as Record<'contacts' | 'events', Record<string, unknown>[]>;
    expect(read.contacts).toHaveLength(7);
    expect(read.contacts[0]).toEqual({
      class: 'Contact',
      name: 'Dr. Bea Example',
      emails: ['person0@fabrikam.test'],
      phones: expect.objectContaining({ MobilePhone: '+49 170 1000000', BusinessFax: '+49 30 5000' }),
      birthday: '1980-02-28',
      attachments: ['ContactPicture.jpg'],
    });
    expect(read.contacts[6]).toMatchObject({ class: 'DistributionList', name: 'Board' });
    if (version === '2007SP1') return;
    const event = (subject: string) =>
      read.events.find((candidate) => String(candidate['subject']).startsWith(subject));
    expect(read.events).toHaveLength(8);
    expect(event('Lunch')).toMatchObject({ start: '2025-01-07T11:00:00+00:00', pattern: null });
    expect(event('Holiday')).toMatchObject({ allDay: true });
    expect(event('Dentist')).toMatchObject({ private: 'Private' });
    expect(event('Planning')).toMatchObject({ subject: 'Planning <2025> & "more"', required: [address] });
    expect(event('Weekly')).toMatchObject({
      pattern: 'WeeklyPattern',
      boundary: 'EndDatePattern',
      changed: ['2025-01-08T08:00:00+00:00', '2025-07-07T07:00:00+00:00'],
      deleted: ['2025-01-13T08:00:00+00:00'],
      attachments: [['plan.png', 4]],
    });
    expect(event('Birthday')).toMatchObject({ pattern: 'RelativeYearlyPattern', boundary: 'NoEndPattern' });
  });
});
