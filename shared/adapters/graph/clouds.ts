import type { ExchangeOnline, ImapServer } from '../../domain/endpoint.ts';

type Cloud = ExchangeOnline['cloud'];

/** Where an organisation's services are: origins without a slash at the end. */
export interface CloudAddresses {
  /** The authority by its true name: tokens are asked of it, whatever `signIn` is. */
  readonly authority: string;
  /** Where requests to the authority go. */
  readonly signIn: string;
  /** With version. */
  readonly graph: string;
  readonly graphScope: string;
  readonly outlookScope: string;
  readonly imap: Pick<ImapServer, 'host' | 'port' | 'security' | 'tls'>;
}

/** https://learn.microsoft.com/graph/deployments and .../exchange/client-developer/legacy-protocols */
const clouds: Readonly<
  Record<Cloud, { readonly authority: string; readonly graph: string; readonly outlook: string }>
> = {
  global: { authority: 'login.microsoftonline.com', graph: 'graph.microsoft.com', outlook: 'outlook.office365.com' },
  usgov: { authority: 'login.microsoftonline.us', graph: 'graph.microsoft.us', outlook: 'outlook.office365.us' },
  'usgov-dod': {
    authority: 'login.microsoftonline.us',
    graph: 'dod-graph.microsoft.us',
    outlook: 'outlook-dod.office365.us',
  },
  china: {
    authority: 'login.partner.microsoftonline.cn',
    graph: 'microsoftgraph.chinacloudapi.cn',
    outlook: 'partner.outlook.cn',
  },
};

/** Of the cloud, or of the practice organisation that stands in for it. */
export function addressesOf({ cloud, practice }: Pick<ExchangeOnline, 'cloud' | 'practice'>): CloudAddresses {
  const { authority, graph, outlook } = clouds[cloud];
  return {
    authority: `https://${authority}`,
    signIn: withoutSlash(practice?.login ?? `https://${authority}`),
    graph: `${withoutSlash(practice?.graph ?? `https://${graph}`)}/v1.0`,
    graphScope: `https://${graph}/.default`,
    outlookScope: `https://${outlook}/.default`,
    imap:
      practice?.imap === undefined
        ? { host: outlook, port: 993, security: 'tls', tls: {} }
        : { ...practice.imap, security: 'tls' },
  };
}

/** Mailbox import and export exist in the worldwide cloud only, https://learn.microsoft.com/graph/mailbox-import-export-concept-overview */
export function offersMailboxImport({ cloud }: Pick<ExchangeOnline, 'cloud'>): boolean {
  return cloud === 'global';
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}
