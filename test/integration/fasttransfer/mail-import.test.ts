import { afterEach, describe, expect, it } from '@jest/globals';
import { mailSource, mailTarget } from '../../../shared/adapters/mail-servers.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { ObjectStore } from '../../../shared/ports/object-store.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { anna, fastClock, startSimulator, targetOf } from '../graph-mailbox/support/graph-world.ts';

function message(id: string, file: string | undefined): Buffer {
  const head = `From: Bob <bob@x.test>\r\nTo: anna@contoso.test\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_${id}?=\r\nMessage-ID: <${id}@x.test>\r\nDate: Fri, 01 Mar 2019 10:00:00 +0100\r\nMIME-Version: 1.0\r\n`;
  if (file === undefined) return Buffer.from(`${head}\r\nHello ${id}\r\n`);
  const content = Buffer.from(file).toString('base64');
  return Buffer.from(
    `${head}Content-Type: multipart/mixed; boundary=limit-7\r\n\r\n--limit-7\r\nContent-Type: text/plain\r\n\r\nHello\r\n` +
      `--limit-7\r\nContent-Type: application/octet-stream; name="a.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n${content}\r\n--limit-7--\r\n`,
  );
}

type Objects = Pick<ObjectStore, 'create' | 'get'>;

/** Mail of a practice Exchange, copied by the engine to a practice Exchange Online. */
class ImportWorld {
  readonly exchange: ExchangeSimulator;
  readonly online: ExchangeOnlineSimulator;
  readonly harness: CopyHarness;
  readonly #worker: { diesAt: number };

  private constructor(parts: Pick<ImportWorld, 'exchange' | 'online' | 'harness'>, worker: { diesAt: number }) {
    this.exchange = parts.exchange;
    this.online = parts.online;
    this.harness = parts.harness;
    this.#worker = worker;
  }

  static async open(mail: 'auto' | 'fts' = 'fts', version: '2007SP1' | '2010SP1' = '2010SP1'): Promise<ImportWorld> {
    const mailbox = new PracticeMailbox(anna);
    const inbox = mailbox.wellKnown('inbox')!;
    for (const [at, [id, file]] of (
      [
        ['one', undefined],
        ['two', 'x'.repeat(5_000)],
        ['three', undefined],
      ] as const
    ).entries())
      mailbox.addItem(inbox.id, {
        mime: () => message(id, file),
        received: new Date(Date.UTC(2019, 2, 1 + at, 10)),
        read: at === 1,
        flagged: at === 2,
      });
    const exchange = await ExchangeSimulator.start({
      mailboxes: [mailbox],
      accounts: [{ name: anna, password: 'pw', opens: [anna] }],
      version,
    });
    const clock = fastClock();
    const online = await startSimulator({ clock });
    const worker: { objects?: Objects; diesAt: number } = { diesAt: Infinity };
    const objects: Objects = {
      create: async (key, octets) => {
        if (online.log.requests.length >= worker.diesAt) throw new Error('killed');
        return (await worker.objects?.create(key, octets)) ?? 'exists';
      },
      get: async (key) => worker.objects?.get(key),
    };
    const secrets = (): Promise<string> => Promise.resolve('master');
    const harness = await CopyHarness.open({
      source: { imapPort: 1 },
      target: { imapPort: 1 },
      mailbox: anna,
      password: 'pw',
      change: {
        mailSource: (endpoint) => mailSource(endpoint, { clock, secrets, objects }),
        mailTarget: (endpoint) => mailTarget(endpoint, { clock, secrets, objects }),
        settings: {
          operator: null,
          firstWaitSeconds: 0,
          longestWaitSeconds: 0,
          sliceBudgetMs: 600_000,
          settleLookMs: 5,
          leaseMs: 90_000,
          renewMs: 30_000,
          bucket: 'files',
          consoleUrl: null,
        },
      },
      options: { settleAfter: 0 },
    });
    worker.objects = harness.services.objects;
    const before = await harness.store.getEndpoint('e');
    const source = { kind: 'exchange', ewsUrl: exchange.ewsUrl, login: { mode: 'user' } };
    await harness.store.putEndpoint(Endpoint.parse({ ...before, source, target: { ...targetOf(online), mail } }));
    return new ImportWorld({ exchange, online, harness }, worker);
  }

  async killAt(request: number, drop: 'before' | 'after'): Promise<void> {
    const { log, faults } = this.online;
    this.online.play({ skip: request, drop }, { drop: 'before', times: 100_000 });
    this.#worker.diesAt = log.requests.length + request + 1;
    await this.harness.slice(anna).catch(() => undefined);
    this.#worker.diesAt = Infinity;
    faults.clear();
  }

  /** Each item, with its folder where that is not the Inbox. */
  get held(): readonly string[] {
    const mailbox = this.online.mailbox(anna);
    const inbox = mailbox.folders.find(({ wellKnown }) => wellKnown === 'inbox')?.id;
    return mailbox
      .items()
      .map(({ properties, attachments, folder, single }) =>
        [
          String(properties['subject']),
          String(properties['isRead']),
          single.get('SystemTime 0xe06') ?? '',
          attachments.map(({ content }) => content.length).join(' '),
          folder === inbox ? '' : 'elsewhere',
        ].join('|'),
      )
      .sort();
  }

  /** Where among the requests so far those are that only an import makes: of the first item, say. */
  importing(): readonly number[] {
    const own = /importItem|createImportSession|admin.exchange|\/move$/;
    const places = this.online.log.requests.flatMap(({ path, method }, at) =>
      own.test(path) || method === 'PATCH' ? [at] : [],
    );
    return places.slice(0, 9);
  }

  get imports(): number {
    return this.online.log.requests.filter(({ path }) => path.includes('importItem')).length;
  }

  async close(): Promise<void> {
    this.harness.close();
    await Promise.all([this.exchange.stop(), this.online.stop()]);
  }
}

const all = [
  'Grüße one|false|2019-03-01T10:00:00Z||',
  'Grüße three|false|2019-03-03T10:00:00Z||',
  'Grüße two|true|2019-03-02T10:00:00Z|5000|',
];

describe('Mail that Exchange exports', () => {
  let world: ImportWorld | undefined;

  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  it.each(['auto', 'fts'] as const)('is imported as it is, with mail: %s', async (mail) => {
    world = await ImportWorld.open(mail);

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(world.held).toEqual(all);
    expect(world.imports).toBe(3);
    expect(world.online.invitations).toEqual([]);
  });

  it('is written by Graph where the server cannot export', async () => {
    world = await ImportWorld.open('auto', '2007SP1');

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(world.held).toEqual(all);
    expect(world.imports).toBe(0);
  });

  it('is written by Graph where the stream is refused, after one try', async () => {
    world = await ImportWorld.open();
    world.online.play({ method: 'POST', path: '/importItem', status: 400, code: 'ErrorCorruptData', times: 100 });

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(world.held).toEqual(all);
    expect(world.imports).toBe(1);
  });

  it('is written by Graph where the first item comes out wrong, and nothing of that is left', async () => {
    world = await ImportWorld.open();
    const mailbox = world.online.mailbox(anna);
    const add = mailbox.addItem.bind(mailbox);
    let isFirst = true;
    mailbox.addItem = (made) => {
      const item = add(made);
      if (isFirst) item.single.delete('SystemTime 0xe06');
      isFirst = false;
      return item;
    };

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(world.held).toEqual(all);
    expect(world.imports).toBe(1);
  });

  it('is there exactly once whichever request is lost', async () => {
    world = await ImportWorld.open();
    await world.harness.run(anna);
    const places = world.importing();
    expect(places.length).toBeGreaterThan(7);
    await world.close();

    for (const drop of ['before', 'after'] as const) {
      for (const skip of places) {
        world = await ImportWorld.open();
        world.online.play({ skip, drop });
        const job = await world.harness.run(anna);

        expect({ drop, skip, held: world.held, job: [job.status, job.green] }).toEqual({
          drop,
          skip,
          held: all,
          job: ['Synced', true],
        });
        await world.close();
      }
    }
    world = undefined;
  });

  it('is there exactly once wherever its worker is killed', async () => {
    world = await ImportWorld.open();
    await world.harness.run(anna);
    const places = world.importing();
    expect(places.length).toBeGreaterThan(7);
    await world.close();

    for (const drop of ['before', 'after'] as const) {
      for (const at of places) {
        world = await ImportWorld.open();
        await world.killAt(at, drop);
        const job = await world.harness.run(anna);

        expect({ drop, at, held: world.held, job: [job.status, job.green] }).toEqual({
          drop,
          at,
          held: all,
          job: ['Synced', true],
        });
        await world.close();
      }
    }
    world = undefined;
  });
});
