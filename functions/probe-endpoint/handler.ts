import { serverProbe } from '../container.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { ProbeRequest } from './probe-request.ts';

const endpointProbe = serverProbe();

export const handler = serviceHandler(ProbeRequest, (asked): Promise<unknown> =>
  asked.look === 'servers'
    ? endpointProbe.probe(asked.endpoint, asked.mailboxes)
    : endpointProbe.probeStorage(asked.endpoint, asked.mailbox),
);
