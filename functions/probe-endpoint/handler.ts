import { serverProbe } from '../container.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { ProbeRequest } from './probe-request.ts';

const endpointProbe = serverProbe();

export const handler = serviceHandler(ProbeRequest, (asked): Promise<unknown> => {
  switch (asked.look) {
    case 'servers':
      return endpointProbe.probe(asked.endpoint, asked.mailboxes);
    case 'discovery':
      return endpointProbe.discover(asked.endpoint);
    case 'directories':
      return endpointProbe.probeDirectories(asked.endpoint, asked.sample);
    case 'storage':
      return endpointProbe.probeStorage(asked.endpoint, asked.mailbox);
  }
});
