import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { S3ObjectStore } from '../../../shared/adapters/aws/s3-object-store.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { TableBatchStore } from '../../../shared/adapters/store/table-batch-store.ts';
import { addBatchFile } from '../../../shared/application/add-batch-file.ts';
import { newBatch } from '../../../shared/domain/new-batch.ts';
import { anEndpoint } from '../../support/builders/batch-world.ts';
import { MemoryStateTable } from '../../support/builders/memory-state-table.ts';
import { MemoryWorkflow } from '../../support/builders/memory-workflow.ts';
import { buckets, startS3Server } from '../../contract/support/s3-server.ts';
import type { S3Server } from '../../contract/support/s3-server.ts';

let server: S3Server;
let objects: S3ObjectStore;

beforeAll(async () => {
  server = await startS3Server();
  objects = new S3ObjectStore({ client: server.client, dataBucket: buckets.data, incomingBucket: buckets.incoming });
});
afterAll(async () => {
  await server.close();
});
beforeEach(() => {
  Object.assign(server.faults, { conflicts: 0, lostReplies: 0, cutReads: 0, slowDowns: 0 });
});

const octets = Buffer.from('segment');

async function read(stream: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of stream) length += chunk.length;
  return length;
}

describe('objects in S3', () => {
  it('creates an object although other conditional writes are under way', async () => {
    server.faults.conflicts = 3;

    expect(await objects.create('ledger/conflict/1-1', octets)).toBe('created');
  });

  it('gives up for now when they never end', async () => {
    server.faults.conflicts = 100;

    await expect(objects.create('ledger/conflict/2-1', octets)).rejects.toMatchObject({ name: 'TransientError' });
  });

  it('says that an object exists when its own write took place and the reply was lost', async () => {
    server.faults.lostReplies = 1;

    expect(await objects.create('ledger/lost/1-1', octets)).toBe('exists');
    expect(Buffer.from((await objects.get('ledger/lost/1-1'))!).equals(octets)).toBe(true);
  });

  it('comes through when it is asked to slow down, and says so when that does not end', async () => {
    server.faults.slowDowns = 1;
    expect(await objects.create('ledger/slow/1-1', octets)).toBe('created');

    server.faults.slowDowns = 100;
    await expect(objects.get('ledger/slow/1-1')).rejects.toMatchObject({ name: 'TransientError' });
  });

  it('never takes the half of an object for the whole', async () => {
    await objects.put('work/cut', Buffer.alloc(500_000, 'x'));

    server.faults.cutReads = 1;
    await expect(objects.get('work/cut')).rejects.toMatchObject({ name: 'TransientError' });
    server.faults.cutReads = 1;
    const stream = (await objects.stream('work/cut'))!;
    await expect(read(stream)).rejects.toMatchObject({ name: 'TransientError' });
  });

  it('keeps uploads in a bucket of their own', async () => {
    await objects.put('incoming/contoso/wave-1.csv', octets);

    expect(server.versionOf('incoming/contoso/wave-1.csv')).toBeDefined();
    expect(objects.locate('incoming/contoso/wave-1.csv')).toBe(`s3://${buckets.incoming}/incoming/contoso/wave-1.csv`);
    expect(objects.locate('reports/wave-1/a.csv')).toBe(`s3://${buckets.data}/reports/wave-1/a.csv`);
  });

  it('leaves nothing of rows that a batch does not take: neither a version nor a mark that hides one', async () => {
    const store = new TableBatchStore({ state: new MemoryStateTable(), passwords: new MemoryStateTable() });
    const endpoint = anEndpoint();
    const batch = newBatch({ name: 'wave-1', endpoint, startedBy: 'ann', options: {}, now: Date.now() });
    await store.createBatch({ ...batch, status: 'Completed' });
    const services = { store, objects, workflow: new MemoryWorkflow(), clock: systemClock };
    const put = jest.spyOn(objects, 'put');

    const added = await addBatchFile(services, { batch: 'wave-1', csv: octets, start: true });

    expect(added).toMatchObject({ outcome: 'refused', code: 'REFUSED_IN_THIS_STATE' });
    const [key = ''] = put.mock.lastCall ?? [];
    expect(key).toMatch(/^incoming\/contoso\/wave-1\/[0-9a-f]{64}\.csv$/);
    expect(server.versionOf(key)).toBeUndefined();
  });

  it('passes on what is wrong with the deployment', async () => {
    const elsewhere = new S3ObjectStore({ client: server.client, dataBucket: 'none', incomingBucket: 'none' });

    await expect(elsewhere.get('work/x')).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });
});
