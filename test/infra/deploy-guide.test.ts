import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { DeploymentConfig } from '../../infra/config.ts';
import { DynamoStateTable } from '../../shared/adapters/aws/dynamo-state-table.ts';
import { TableBatchStore } from '../../shared/adapters/store/table-batch-store.ts';
import { startDynamoServer } from '../contract/support/dynamo-server.ts';
import { anEndpoint } from '../contract/support/store-items.ts';

const guide = readFileSync('docs/deploy.md', 'utf8');
const block = (language: string): string => {
  const found = new RegExp(`^ *\`\`\`${language}\\n(?<text>[^]*?)^ *\`\`\``, 'm').exec(guide)?.groups?.['text'];
  if (found === undefined) throw new Error(`The guide has no ${language}`);
  return found.replaceAll(/^ {3}/gm, '');
};

describe('the guide to deploying', () => {
  it('shows a deployment that is one', () => {
    expect(DeploymentConfig.safeParse(JSON.parse(block('json'))).error).toBeUndefined();
  });

  it('explains every field of a deployment', () => {
    for (const field of Object.keys(DeploymentConfig.shape)) {
      expect(guide).toMatch(new RegExp(`^ *\\|[^|]*\`${field}(\`|\\.)`, 'm'));
    }
  });

  it('shows how to store an endpoint, and the file that it shows does so', async () => {
    // Inside the project, where the packages are; as on AWS, but for the table's address.
    mkdirSync('dist', { recursive: true });
    const folder = mkdtempSync(join('dist', 'guide-'));
    const dynamo = await startDynamoServer();
    try {
      await dynamo.createTable('state');
      const endpoint = anEndpoint('contoso');
      writeFileSync(join(folder, 'contoso.json'), JSON.stringify(endpoint));
      writeFileSync(join(folder, 'put-endpoint.mjs'), block('js').replaceAll("'./shared/", "'../../shared/"));
      const { hostname, port } = await dynamo.client.config.endpoint!();

      await promisify(execFile)(
        process.execPath,
        [join(folder, 'put-endpoint.mjs'), join(folder, 'contoso.json'), 'state'],
        {
          env: {
            AWS_ENDPOINT_URL_DYNAMODB: `http://${hostname}:${String(port)}`,
            AWS_REGION: 'eu-central-1',
            AWS_ACCESS_KEY_ID: 'test',
            AWS_SECRET_ACCESS_KEY: 'test',
          },
        },
      );

      const state = new DynamoStateTable({ client: dynamo.client, table: 'state' });
      expect(await new TableBatchStore({ state, passwords: state }).getEndpoint('contoso')).toEqual(endpoint);
    } finally {
      await dynamo.close();
      rmSync(folder, { recursive: true });
    }
  });
});
