import { listEndpoints } from '../application/list-endpoints.ts';
import { noteKeeps } from '../application/probe-storage.ts';
import { mayPass } from '../application/patient-probe.ts';
import { putEndpoint } from '../application/put-endpoint.ts';
import { removeEndpoint } from '../application/remove-endpoint.ts';
import type { OperationServices } from './operation-services.ts';
import { testEndpoint } from '../application/test-endpoint.ts';
import { CommandError, exitCodes } from '../contract/problem.ts';
import type { Operations } from '../contract/routes.ts';
import type { Endpoint, SourceServer, TargetServer } from '../domain/endpoint.ts';
import type { EndpointCheck } from '../ports/endpoint-probe.ts';
import { refusal } from './refusal.ts';

type EndpointOperations = Pick<
  Operations,
  'listEndpoints' | 'showEndpoint' | 'putEndpoint' | 'testEndpoint' | 'removeEndpoint'
>;

export function endpointOperations(services: OperationServices): EndpointOperations {
  return {
    listEndpoints: async () => [...(await listEndpoints(services))],
    showEndpoint: ({ name }) => findEndpoint(services, name),
    async putEndpoint({ endpoint: definition, test, mailboxes, startedBy }) {
      const put = await putEndpoint(services, { definition, test, mailboxes, by: startedBy });
      switch (put.outcome) {
        case 'stored':
          return { endpoint: put.endpoint, checks: [...put.checks] };
        case 'invalid':
          throw CommandError.usage(put.problems.map(({ setting, message }) => `${setting}: ${message}`).join('\n'));
        case 'failed':
          throw connectionFailure(put.endpoint, put.checks);
      }
    },
    async testEndpoint({ name, mailboxes }) {
      const endpoint = await findEndpoint(services, name);
      const { checks, keeps } = await testEndpoint(services, { endpoint, mailboxes });
      await noteKeeps(services, endpoint, keeps);
      return { endpoint, checks: [...checks] };
    },
    async removeEndpoint({ name }) {
      const removal = await removeEndpoint(services, { endpoint: name });
      if (removal.outcome === 'not-found') throw refusal('ENDPOINT_NOT_FOUND', `There is no endpoint ${name}.`);
      if (removal.outcome === 'in-use') {
        throw refusal('ENDPOINT_IN_USE', `The endpoint ${name} is used by ${removal.batches.join(', ')}.`);
      }
      return {};
    },
  };
}

async function findEndpoint({ store }: Pick<OperationServices, 'store'>, name: string): Promise<Endpoint> {
  const endpoint = await store.getEndpoint(name);
  if (endpoint === undefined) throw refusal('ENDPOINT_NOT_FOUND', `There is no endpoint ${name}.`);
  return endpoint;
}

/** Nothing of the file is wrong for all we know. */
function isPassing(check: EndpointCheck): boolean {
  return mayPass(check) && !(check.code?.endsWith('_UNREACHABLE') ?? false);
}

/** The settings are not to blame, and the same command later may do. */
function passingFailure(endpoint: Endpoint, failed: readonly EndpointCheck[]): CommandError {
  const lines = failed.map(({ side, evidence }) => `${side}: ${evidence}`);
  const sides = [...new Set(failed.map(({ side }) => side))];
  return new CommandError({
    code: failed[0]?.code ?? 'UNEXPECTED',
    message: `The endpoint ${endpoint.name} is not stored, since it could not be tested: ${[...new Set(lines)].join('\n')}`,
    fix: [
      'It was tried several times. Give the same command again in some minutes.',
      ...sides.map((side) => `If it stays: ${adviceFor(endpoint, side)}`),
    ].join('\n'),
    exitCode: exitCodes.unexpected,
  });
}

function adviceFor({ source, target }: Endpoint, side: EndpointCheck['side']): string {
  switch (side) {
    case 'directory':
      return 'look into the event log of the domain controller, and at what is between it and this machine (docs/endpoints/active-directory.md).';
    case 'target-directory':
      return online;
    case 'source':
      return source.kind === 'imap' ? imapAdvice(side) : exchange;
    case 'target':
      return target.kind === 'imap' ? imapAdvice(side) : online;
  }
}

const exchange =
  "look at Exchange's throttling policy for the account, at IIS, and at the load balancer in front of it (docs/endpoints/exchange.md).";
const online =
  'look at the service health of Exchange Online in the Microsoft 365 admin center, and at the proxy or firewall on the way there (docs/endpoints/exchange-online.md).';

function imapAdvice(side: 'source' | 'target'): string {
  return `look at the log of the ${side} server, at its limits of connections per user and per address, and at the firewall on the way there (docs/endpoints/imap.md).`;
}

/** Names the settings of the file that each failed check stands for. */
function connectionFailure(endpoint: Endpoint, checks: readonly EndpointCheck[]): CommandError {
  const failed = checks.filter(({ result }) => result === 'fail');
  if (failed.length > 0 && failed.every(isPassing)) return passingFailure(endpoint, failed);
  const lines = failed.map((check) => `${settingsOf(endpoint, check)}: ${check.evidence}`);
  return new CommandError({
    code: failed[0]?.code ?? 'ENDPOINT_INVALID',
    message: `The endpoint ${endpoint.name} is not stored: ${[...new Set(lines)].join('\n')}`,
    fix: [...new Set(failed.map(({ fix }) => fix).filter((fix) => fix !== ''))].join('\n'),
    exitCode: exitCodes.usage,
  });
}

function settingsOf(endpoint: Endpoint, found: EndpointCheck): string {
  const { side, check, code } = found;
  if (side === 'directory') return directorySettings(found);
  if (side === 'target-directory') return onlineSettings(found);
  if (side === 'target' && endpoint.target.kind === 'exchange-online') return onlineSettings(found);
  if (code === 'AUTODISCOVER_FAILED') return 'source.autodiscover';
  if (code === 'SECRET_NOT_FOUND') return `${side}.login.secret`;
  switch (check) {
    case 'reachable':
      if (side === 'source' && endpoint.source.kind === 'exchange')
        return endpoint.source.webdavUrl === undefined ? 'source.ewsUrl' : 'source.webdavUrl';
      return `${side}.host, ${side}.port, ${side}.security`;
    case 'certificate':
      return `${side}.tls`;
    case 'sign-in':
      return signInSettings(side, endpoint[side]);
    case 'mailbox':
      return side === 'source' ? 'source.access, source.login' : 'target';
    case 'capabilities':
    case 'storage':
    case 'rights':
    case 'recipients':
      return side;
  }
}

function signInSettings(side: 'source' | 'target', server: SourceServer | TargetServer): string {
  return server.kind === 'exchange-online' ? `${side}.clientId` : loginSettings(side, server.login);
}

/** Settings of the Active Directory of the source. */
function directorySettings({ check, code }: EndpointCheck): string {
  if (code === 'SECRET_NOT_FOUND') return 'directory.secret';
  // A global catalogue signs in, and takes no changes.
  if (check === 'sign-in' && code === 'DIRECTORY_WRITE_DENIED') return 'directory.url';
  switch (check) {
    case 'certificate':
      return 'directory.tls';
    case 'sign-in':
      return 'directory.user, directory.secret';
    case 'rights':
      return 'directory.user';
    case 'recipients':
      return 'directory.base';
    default:
      return 'directory.url';
  }
}

/** Settings of an Exchange Online organisation, of its mailboxes and of its directory. */
function onlineSettings({ check, code }: EndpointCheck): string {
  if (code === 'SECRET_NOT_FOUND') return 'target.certificate, target.secret';
  switch (check) {
    case 'reachable':
    case 'certificate':
      return 'target.cloud';
    case 'sign-in':
      return 'target.tenant, target.clientId, target.certificate, target.secret';
    default:
      return 'target.clientId';
  }
}

function loginSettings(side: 'source' | 'target', login: Endpoint['source']['login']): string {
  switch (login.mode) {
    case 'user':
      return `${side}.login`;
    case 'admin': {
      if (!('style' in login))
        return ['auth', 'login.user', 'login.secret'].map((name) => `${side}.${name}`).join(', ');
      const how = login.style === 'template' ? 'template' : 'style';
      return ['user', 'secret', how].map((name) => `${side}.login.${name}`).join(', ');
    }
    case 'oauth':
      return ['tokenUrl', 'clientId', 'secret', 'scope'].map((name) => `${side}.login.${name}`).join(', ');
  }
}
