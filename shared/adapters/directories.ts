import type { Endpoint } from '../domain/endpoint.ts';
import { ConfigurationError } from '../domain/errors.ts';
import type { OutOfOfficeSource } from '../ports/out-of-office-source.ts';
import type { SourceDirectory } from '../ports/source-directory.ts';
import type { TargetDirectory } from '../ports/target-directory.ts';
import { ewsOutOfOffice } from './ews/out-of-office.ts';
import { graphDirectory } from './graph/graph-directory.ts';
import type { SignInServices } from './graph/sign-in.ts';
import { activeDirectory } from './ldap/active-directory.ts';
import type { LdapServices } from './ldap/ldap-session.ts';

/** What the composition roots hand to preparation. */
export interface Directories {
  readonly sourceDirectory: (endpoint: Endpoint) => SourceDirectory;
  readonly targetDirectory: (endpoint: Endpoint) => TargetDirectory;
  readonly outOfOfficeSource: (endpoint: Endpoint) => OutOfOfficeSource | undefined;
}

/** The directories of both sides of a staged endpoint. */
export function directories(services: Pick<LdapServices, 'secrets'> & SignInServices): Directories {
  const targets = new Map<string, TargetDirectory>();
  return {
    sourceDirectory: ({ name, directory }) => {
      if (directory === undefined) throw noDirectory(name, 'source');
      return activeDirectory(directory, services);
    },
    targetDirectory: ({ name, target }) => {
      if (target.kind !== 'exchange-online') throw noDirectory(name, 'target');
      // It keeps what it knows of the organisation's licences; an endpoint that was changed is another one.
      const key = JSON.stringify(target);
      const known = targets.get(key) ?? graphDirectory(target, services);
      targets.set(key, known);
      return known;
    },
    // Exchange 2003 tells nobody over WebDAV.
    outOfOfficeSource: ({ source }) =>
      source.kind === 'exchange' && source.webdavUrl === undefined ? ewsOutOfOffice(source, services) : undefined,
  };
}

function noDirectory(endpoint: string, side: 'source' | 'target'): ConfigurationError {
  return new ConfigurationError({
    code: 'ENDPOINT_INVALID',
    message: `The endpoint ${endpoint} has no directory at its ${side}.`,
  });
}
