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
  const paths = { folder: dirname(resolve(file)), file };
  const { directory, target } = endpoint;
  return {
    ...endpoint,
    source: standingAlone(endpoint.source, 'source', paths),
    target: target.kind === 'imap' ? standingAlone(target, 'target', paths) : withWholePaths(target, paths.folder),
    ...(directory === undefined
      ? {}
      : {
          directory: withWholePaths(
            { ...directory, tls: withAuthorities(directory.tls, 'directory', paths) },
            paths.folder,
          ),
        }),
  };
}

interface Paths {
  readonly folder: string;
  readonly file: string;
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

function standingAlone<Server extends SourceServer>(server: Server, side: string, paths: Paths): Server {
  const { login } = server;
  return {
    ...server,
    tls: withAuthorities(server.tls, side, paths),
    login: login.mode === 'user' ? login : withWholePaths(login, paths.folder),
  };
}

function withAuthorities(
  { caFile, ...tls }: SourceServer['tls'],
  side: string,
  { folder, file }: Paths,
): SourceServer['tls'] {
  if (caFile === undefined) return tls;
  return { ...tls, ca: readText(resolve(folder, caFile), `certificate file (${side}.tls.caFile in ${file})`) };
}

interface Secrets {
  readonly secret?: string | undefined;
  readonly certificate?: string | undefined;
}

function withWholePaths<Holder extends Secrets>(holder: Holder, folder: string): Holder {
  const { secret, certificate } = holder;
  return {
    ...holder,
    ...(secret === undefined ? {} : { secret: absoluteSecretReference(secret, folder) }),
    ...(certificate === undefined ? {} : { certificate: absoluteSecretReference(certificate, folder) }),
  };
}

function readText(file: string, what: string): string {
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
