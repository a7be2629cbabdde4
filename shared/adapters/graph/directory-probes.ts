import { z } from 'zod';
import type { ExchangeOnline } from '../../domain/endpoint.ts';
import type { GraphClient } from './graph-client.ts';
import { graphPath } from './graph-path.ts';
import { rights } from './graph-rights.ts';
import { nobody, type RightProbe } from './right-probe.ts';

const read =
  (path: string): RightProbe['ask'] =>
  (client) =>
    client.get(path, z.unknown());

/** What the directory of an organisation is asked for. */
export function directoryProbes({ licence }: Pick<ExchangeOnline, 'licence'>): readonly RightProbe[] {
  const always: readonly RightProbe[] = [
    { right: rights.organisation, ask: read('/organization?$select=id') },
    { right: rights.domains, ask: read('/domains?$select=id') },
    { right: rights.users, ask: read('/users?$top=1&$select=id') },
    {
      right: rights.groups,
      loss: 'groups with the address of a row are not named',
      ask: read('/groups?$top=1&$select=id'),
    },
    {
      right: rights.orgContacts,
      loss: 'contacts with the address of a row are not named',
      ask: read('/contacts?$top=1&$select=id'),
    },
  ];
  if (licence === undefined) return always;
  return [
    ...always,
    { right: rights.licences, ask: giveNobodyNothing },
    {
      right: rights.changeUsers,
      loss: 'users without a usage location get no licence',
      ask: (client) => changeNobody(client, { usageLocation: licence.usageLocation }),
    },
  ];
}

/** Asked for only where the batch file has passwords. */
export const passwordProbe: RightProbe = {
  right: rights.passwords,
  loss: 'rows with a password fail',
  ask: (client) => changeNobody(client, { passwordProfile: { forceChangePasswordNextSignIn: true } }),
};

function giveNobodyNothing(client: GraphClient): Promise<unknown> {
  const body = { addLicenses: [], removeLicenses: [] };
  return client.post(graphPath`/users/${nobody}/assignLicense`, body, z.unknown(), { isRepeatable: true });
}

function changeNobody(client: GraphClient, change: unknown): Promise<unknown> {
  return client.patch(graphPath`/users/${nobody}`, change, z.unknown());
}
