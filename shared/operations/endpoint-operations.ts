import { listEndpoints } from '../application/list-endpoints.ts';
import { noteKeeps } from '../application/probe-storage.ts';
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
    async putEndpoint({ endpoint: definition, test, mailboxes }) {
      const put = await putEndpoint(services, { definition, test, mailboxes });
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

/** Names the settings of the file that each failed check stands for. */
function connectionFailure(endpoint: Endpoint, checks: readonly EndpointCheck[]): CommandError {
  const failed = checks.filter(({ result }) => result === 'fail');
  const lines = failed.map((check) => `${settingsOf(endpoint, check)}: ${check.evidence}`);
  return new CommandError({
    code: failed[0]?.code ?? 'ENDPOINT_INVALID',
    message: `The endpoint ${endpoint.name} is not stored: ${lines.join('\n')}`,
    fix: [...new Set(failed.map(({ fix }) => fix).filter((fix) => fix !== ''))].join('\n'),
    exitCode: exitCodes.usage,
  });
}

function settingsOf(endpoint: Endpoint, { side, check, code }: EndpointCheck): string {
  if (code === 'SECRET_NOT_FOUND') return `${side}.login.secret`;
  switch (check) {
    case 'reachable':
      if (side === 'source' && endpoint.source.kind === 'exchange') return 'source.ewsUrl';
      if (side === 'target' && endpoint.target.kind === 'exchange-online') return 'target.cloud';
      return `${side}.host, ${side}.port, ${side}.security`;
    case 'certificate':
      return `${side}.tls`;
    case 'sign-in':
      return signInSettings(side, endpoint[side]);
    case 'mailbox':
      return 'source.access, source.login';
    case 'capabilities':
    case 'storage':
      return side;
  }
}

function signInSettings(side: EndpointCheck['side'], server: SourceServer | TargetServer): string {
  return server.kind === 'exchange-online'
    ? ['tenant', 'clientId', 'certificate', 'secret'].map((name) => `${side}.${name}`).join(', ')
    : loginSettings(side, server.login);
}

function loginSettings(side: EndpointCheck['side'], login: Endpoint['source']['login']): string {
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
