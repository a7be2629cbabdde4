type ServerSettings = {
  readonly port: number;
  readonly security?: 'tls' | 'starttls' | 'none';
  readonly caFile?: string;
  readonly login?: Readonly<Record<string, string>>;
};

/** An endpoint file for two servers on loopback. */
export function imapEndpoint({
  source,
  target,
  ...rest
}: {
  readonly name: string;
  readonly source: ServerSettings;
  readonly target: ServerSettings;
  readonly maxConcurrentMigrations?: number;
  readonly defaults?: Readonly<Record<string, unknown>>;
}): { readonly name: string } {
  const servers = { type: 'imap', source: imapServer(source), target: imapServer(target) };
  return { ...servers, ...rest };
}

function imapServer({ port, security = 'none', caFile, login = { mode: 'user' } }: ServerSettings): object {
  return {
    kind: 'imap',
    host: '127.0.0.1',
    port,
    security,
    ...(caFile === undefined ? {} : { tls: { caFile } }),
    login,
  };
}
