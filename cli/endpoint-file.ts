import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { absoluteSecretReference } from '../shared/adapters/local/local-secret-reader.ts';
import { CommandError } from '../shared/contract/problem.ts';
import type { Endpoint, SourceServer } from '../shared/domain/endpoint.ts';
import { parseEndpoint } from '../shared/domain/parse-endpoint.ts';

/**
 * Reads an endpoint file into what is stored, which needs no other file but secrets: paths in it are relative to the
 * file; certificate authorities are taken in, `file:` secrets are named by their whole path.
 */
export function readEndpointFile(file: string): Endpoint {
  const endpoint = parse(file, readText(file, 'endpoint file'));
  const folder = dirname(resolve(file));
  return {
    ...endpoint,
    source: standingAlone(endpoint.source, { folder, side: 'source', file }),
    target: standingAlone(endpoint.target, { folder, side: 'target', file }),
  };
}

function parse(file: string, text: string): Endpoint {
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch (error) {
    throw CommandError.usage(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = parseEndpoint(written);
  if (parsed.outcome === 'parsed') return parsed.endpoint;
  throw CommandError.usage(
    `${file}: ${parsed.problems.map(({ setting, message }) => `${setting}: ${message}`).join('\n')}`,
  );
}

function standingAlone<Server extends SourceServer>(
  server: Server,
  { folder, side, file }: { readonly folder: string; readonly side: string; readonly file: string },
): Server {
  const { caFile, ...tls } = server.tls;
  return {
    ...server,
    tls:
      caFile === undefined
        ? tls
        : { ...tls, ca: readText(resolve(folder, caFile), `certificate file (${side}.tls.caFile in ${file})`) },
    login: withWholePaths(server.login, folder),
  };
}

function withWholePaths<Login extends SourceServer['login']>(login: Login, folder: string): Login {
  switch (login.mode) {
    case 'user':
      return login;
    case 'admin':
      return { ...login, secret: absoluteSecretReference(login.secret, folder) };
    case 'oauth':
      return {
        ...login,
        ...(login.secret === undefined ? {} : { secret: absoluteSecretReference(login.secret, folder) }),
        ...(login.certificate === undefined ? {} : { certificate: absoluteSecretReference(login.certificate, folder) }),
      };
  }
}

export function readText(file: string, what: string): string {
  return readOctets(file, what).toString('utf8');
}

export function readOctets(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw CommandError.usage(`The ${what} cannot be read: ${why}`);
  }
}
