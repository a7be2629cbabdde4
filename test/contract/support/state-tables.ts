import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoStateTable } from '../../../shared/adapters/aws/dynamo-state-table.ts';
import { SqliteFile } from '../../../shared/adapters/local/sqlite-state-table.ts';
import type { StateTable } from '../../../shared/adapters/store/state-table.ts';
import { startDynamoServer } from './dynamo-server.ts';

/** Two empty tables of one technology. */
export interface OpenTables {
  readonly state: StateTable;
  readonly passwords: StateTable;
  close(): Promise<void>;
}

export async function openSqliteTables(): Promise<OpenTables> {
  const folder = await mkdtemp(join(tmpdir(), 'stagecoach-sqlite-'));
  const file = SqliteFile.open(join(folder, 'state.db'));
  return {
    state: file.table('state'),
    passwords: file.table('passwords'),
    close: async () => {
      file.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function openDynamoTables(): Promise<OpenTables> {
  const server = await startDynamoServer();
  await Promise.all([server.createTable('state'), server.createTable('passwords')]);
  return {
    state: new DynamoStateTable({ client: server.client, table: 'state' }),
    passwords: new DynamoStateTable({ client: server.client, table: 'passwords' }),
    close: () => server.close(),
  };
}

export const tableKinds: readonly { readonly kind: string; readonly open: () => Promise<OpenTables> }[] = [
  { kind: 'SQLite', open: openSqliteTables },
  { kind: 'DynamoDB', open: openDynamoTables },
];
