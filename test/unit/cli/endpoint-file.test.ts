import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imapTarget } from '../../support/imap-target.ts';
import { readEndpointFile } from '../../../cli/endpoint-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'endpoint-file-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const source = { kind: 'imap', host: 'mail.contoso.test', login: { mode: 'user' } };
const admin = { mode: 'admin', user: 'mailadmin', secret: 'env:TARGET_ADMIN_PASSWORD' };
const target = { kind: 'imap', host: 'new.contoso.test', login: admin };
const endpoint = { name: 'contoso', type: 'imap', source, target };

describe('an endpoint file', () => {
  it('becomes an endpoint with all defaults', () => {
    const read = readEndpointFile(write('e.json', endpoint));

    expect(read).toMatchObject({ name: 'contoso', maxConcurrentMigrations: 20, source: { security: 'tls', tls: {} } });
  });

  it('has its certificate authorities taken in, by a path relative to the file', () => {
    write('ca.pem', 'PEM');

    const read = readEndpointFile(write('e.json', { ...endpoint, source: { ...source, tls: { caFile: 'ca.pem' } } }));

    expect(read.source.tls).toEqual({ ca: 'PEM' });
  });

  it('names file secrets by their whole path, and leaves others as they are', () => {
    const login = { ...admin, secret: 'file:secrets/admin' };
    const oauth = {
      mode: 'oauth',
      tokenUrl: 'https://t.test/',
      clientId: 'c',
      certificate: 'file:/etc/c.pem',
      scope: 's',
    };

    const read = readEndpointFile(
      write('e.json', { ...endpoint, source: { ...source, login: oauth }, target: { ...target, login } }),
    );

    expect(imapTarget(read).login).toMatchObject({ secret: `file:${join(folder, 'secrets/admin')}` });
    expect(read.source.login).toMatchObject({ certificate: 'file:/etc/c.pem' });
  });

  it.each([
    ['a setting that is missing', { ...endpoint, target: { ...target, host: undefined } }, /target\.host/],
    ['a setting that nobody knows', { ...endpoint, maxConcurentMigrations: 5 }, /did you mean maxConcurrentMigrations/],
    ['no limit on concurrency', { ...endpoint, maxConcurrentMigrations: 0 }, /maxConcurrentMigrations/],
    ['an option that nobody knows', { ...endpoint, defaults: { badItems: 3 } }, /defaults\.badItems/],
    [
      'a file that is not there',
      { ...endpoint, source: { ...source, tls: { caFile: 'no.pem' } } },
      /source\.tls\.caFile/,
    ],
    ['no JSON', '{', /is not JSON/],
  ])('is refused with exit code 2 for %s, which it names', (_, content, named) => {
    const read = () => readEndpointFile(write('e.json', content));

    expect(read).toThrow(named);
    expect(read).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it('is refused for a literal password, which is not repeated', () => {
    const login = { ...admin, secret: 'Sesame-4711' };
    const read = () => readEndpointFile(write('e.json', { ...endpoint, target: { ...target, login } }));

    expect(read).toThrow(/target\.login\.secret/);
    expect(read).not.toThrow(/Sesame/);
  });
});
