import { hostname } from 'node:os';
import { join } from 'node:path';
import { FileObjectStore } from '../shared/adapters/local/file-object-store.ts';
import { defaultKeyFolder, openLocalSealer } from '../shared/adapters/local/local-sealer.ts';
import { localSecretReader } from '../shared/adapters/local/local-secret-reader.ts';
import { SqliteFile } from '../shared/adapters/local/sqlite-state-table.ts';
import { systemClock } from '../shared/adapters/local/system-clock.ts';
import { directories } from '../shared/adapters/directories.ts';
import { endpointProbe, mailSource, mailTarget } from '../shared/adapters/mail-servers.ts';
import { TableBatchStore } from '../shared/adapters/store/table-batch-store.ts';
import type { Services } from '../shared/application/services.ts';
import type { Mailer } from '../shared/ports/mailer.ts';
import { databaseFile } from './database-file.ts';
import type { EmbeddedSettings } from './settings.ts';

export interface LocalAdapters {
  readonly services: Omit<Services, 'workflow' | 'log' | 'settings'>;
  /** Where mails are written; null where a mail server takes them. */
  readonly mailFolder: string | null;
  /** Loads what the first mail would: for who is about to change settings of V8 under which it would be compiled anew. */
  loadMailer(): Promise<void>;
  close(): void;
}

/** Everything that the embedded service reaches the world with, on one data folder whose lock this process holds. */
export async function openLocalAdapters({
  dataDir,
  settings,
  environment,
}: {
  readonly dataDir: string;
  readonly settings: EmbeddedSettings;
  readonly environment: NodeJS.ProcessEnv;
}): Promise<LocalAdapters> {
  const clock = systemClock;
  const secrets = localSecretReader(environment);
  const objects = await FileObjectStore.open(dataDir);
  await objects.removeLeftovers();
  const keyFolder = defaultKeyFolder(environment);
  const sealer = await openLocalSealer({ dataDir, key: settings.key, secrets, keyFolder });
  const database = SqliteFile.open(databaseFile(dataDir));
  const store = new TableBatchStore({ state: database.table('state'), passwords: database.table('passwords') });
  const { mailer, load } = lateMailer(dataDir, settings);
  return {
    services: {
      store,
      objects,
      clock,
      secrets,
      sealer,
      mailer,
      mailSource: (endpoint) => mailSource(endpoint, { secrets, clock, objects }),
      mailTarget: (endpoint) => mailTarget(endpoint, { secrets, clock, objects }),
      endpointProbe: endpointProbe({ secrets, clock }),
      ...directories({ secrets, clock }),
    },
    mailFolder: settings.smtpUrl === undefined ? join(dataDir, 'mail') : null,
    loadMailer: load,
    close: () => {
      database.close();
    },
  };
}

/** Loaded with the first mail, unless it is before: most commands send none. */
function lateMailer(
  dataDir: string,
  { smtpUrl, mailFrom }: EmbeddedSettings,
): { readonly mailer: Mailer; readonly load: () => Promise<void> } {
  const from = mailFrom ?? `Stagecoach <stagecoach@${hostname()}>`;
  const loadSmtp = () => import('../shared/adapters/local/smtp-mailer.ts');
  const loadEml = () => import('../shared/adapters/local/eml-mailer.ts');
  const open = async (): Promise<Mailer> => {
    if (smtpUrl !== undefined) return (await loadSmtp()).smtpMailer({ url: smtpUrl, from });
    return (await loadEml()).EmlMailer.open({ dataDir, from });
  };
  let opened: Promise<Mailer> | undefined;
  return {
    mailer: { send: async (message) => (await (opened ??= open())).send(message) },
    load: async () => {
      await (smtpUrl === undefined ? loadEml() : loadSmtp());
    },
  };
}
