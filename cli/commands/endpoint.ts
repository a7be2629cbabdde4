import type { EndpointCheckView, EndpointTested } from '../../shared/contract/endpoint-view.ts';
import { exitCodes } from '../../shared/contract/problem.ts';
import type { RequestOf } from '../../shared/contract/routes.ts';
import { explainEndpoint } from '../../shared/application/convert/explain-start.ts';
import { imapPort, tlsSettings } from '../../shared/domain/endpoint.ts';
import type { Endpoint, Keeps, SourceServer, TargetServer } from '../../shared/domain/endpoint.ts';
import { readEndpointFile } from '../endpoint-file.ts';
import { printJson, printLines, table } from '../print.ts';
import type { CommonOptions, EndpointTestFlags } from '../flags.ts';
import { whoAsks } from '../who-asks.ts';
import { withAccess } from '../service-access.ts';

export async function putEndpoint(
  file: string,
  options: CommonOptions & EndpointTestFlags & { readonly test: boolean },
): Promise<void> {
  const endpoint = readEndpointFile(file);
  const stored = await withAccess({ options, command: 'endpoint put', makesFolder: true }, ({ operations }) =>
    operations.putEndpoint({
      name: endpoint.name,
      endpoint,
      test: options.test,
      startedBy: whoAsks(),
      ...testMailboxes(options),
    }),
  );
  if (options.json === true) printJson(stored);
  else
    printLines([
      `Endpoint ${stored.endpoint.name} is stored.`,
      ...describeChecks(stored.checks),
      ...explainEndpoint(stored.endpoint),
    ]);
}

export async function listEndpoints(options: CommonOptions): Promise<void> {
  const endpoints = await withAccess({ options, command: 'endpoint list' }, ({ operations }) =>
    operations.listEndpoints({}),
  );
  if (options.json === true) printJson(endpoints);
  else {
    const rows = endpoints.map(({ name, type, source, target }) => [name, type, place(source), place(target)]);
    printLines(table([['NAME', 'TYPE', 'SOURCE', 'TARGET'], ...rows]));
  }
}

export async function showEndpoint(name: string, options: CommonOptions): Promise<void> {
  const endpoint = await withAccess({ options, command: 'endpoint show' }, ({ operations }) =>
    operations.showEndpoint({ name }),
  );
  if (options.json === true) printJson(endpoint);
  else printLines(describeEndpoint(endpoint));
}

export async function testEndpoint(name: string, options: CommonOptions & EndpointTestFlags): Promise<void> {
  const tested = await withAccess({ options, command: 'endpoint test' }, ({ operations }) =>
    operations.testEndpoint({ name, ...testMailboxes(options) }),
  );
  if (options.json === true) printJson(tested);
  else printLines(describeChecks(tested.checks));
  if (hasFailed(tested)) process.exitCode = exitCodes.finishedWithErrors;
}

export async function removeEndpoint(name: string, options: CommonOptions): Promise<void> {
  await withAccess({ options, command: 'endpoint remove' }, ({ operations }) => operations.removeEndpoint({ name }));
  if (options.json === true) printJson({ removed: name });
  else printLines([`Endpoint ${name} is removed.`]);
}

function testMailboxes({ mailbox }: EndpointTestFlags): Pick<RequestOf<'testEndpoint'>, 'mailboxes'> {
  return mailbox === undefined ? {} : { mailboxes: [{ mailbox }] };
}

function hasFailed(tested: EndpointTested): boolean {
  return tested.checks.some(({ result }) => result === 'fail');
}

function describeEndpoint(endpoint: Endpoint): readonly string[] {
  const { source, target } = endpoint;
  const facts: [string, string][] = [
    ['name', endpoint.name],
    ['type', endpoint.type],
    ['source', `${place(source)}, ${describeAccess(source)}, login ${describeLogin(source)}`],
    ['target', `${place(target)}, ${describeAccess(target)}, login ${describeLogin(target)}`],
    ...(target.keeps === undefined ? [] : [describeKeeps(target.keeps)]),
    ['maxConcurrentMigrations', String(endpoint.maxConcurrentMigrations)],
    ['maxConnectionsPerMailbox', String(endpoint.maxConnectionsPerMailbox)],
    ['defaults', JSON.stringify(endpoint.defaults)],
  ];
  for (const { at, tls } of tlsSettings(endpoint)) {
    if (tls.acceptUntrusted !== true) continue;
    facts.push(['warning', `any certificate of the ${at.replace('.tls', '')} is accepted`]);
  }
  return table(facts);
}

/** Names the reference of a secret, as the file does; nothing here ever opens it. */
function describeLogin(server: SourceServer | TargetServer): string {
  if (server.kind === 'exchange-online')
    return `application ${server.clientId} (${server.certificate ?? server.secret ?? 'no secret'})`;
  const { login } = server;
  switch (login.mode) {
    case 'user':
      return 'user (each row brings its own)';
    case 'admin':
      if (!('style' in login)) return `admin ${login.user} (${login.secret})`;
      return `admin ${login.user} (${login.secret}, ${login.style === 'template' ? login.template : 'authzid'})`;
    case 'oauth':
      return `oauth ${login.clientId} (${login.mechanism})`;
  }
}

function describeKeeps(keeps: Keeps): [string, string] {
  const kept = Object.entries(keeps).filter(([, isKept]) => isKept);
  return ['target keeps', kept.length === 0 ? 'nothing as it was written' : kept.map(([what]) => what).join(', ')];
}

function describeAccess(server: SourceServer | TargetServer): string {
  switch (server.kind) {
    case 'imap':
      return server.security;
    case 'exchange':
      return `${server.auth}, ${server.access}`;
    case 'exchange-online':
      return `cloud ${server.cloud}, mail ${server.mail}`;
  }
}

function place(server: SourceServer | TargetServer): string {
  switch (server.kind) {
    case 'imap':
      return `${server.host}:${String(imapPort(server))}`;
    case 'exchange':
      return server.webdavUrl ?? server.ewsUrl;
    case 'exchange-online':
      return server.tenant;
  }
}

function describeChecks(checks: readonly EndpointCheckView[]): readonly string[] {
  const rows = checks.map(({ side, check, result, evidence }) => [side, check, result, evidence]);
  const fixes = checks.filter(({ fix, result }) => fix !== '' && result !== 'pass').map(({ fix }) => fix);
  return [...(rows.length === 0 ? [] : table(rows)), ...fixes];
}
