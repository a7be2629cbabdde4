import { convertSources } from '../application/convert/convert-sources.ts';
import { explainStart } from '../application/convert/explain-start.ts';
import type { Services } from '../application/services.ts';
import type { Operations } from '../contract/routes.ts';
import { done } from './done.ts';
import { refusal } from './refusal.ts';

/** Operations for which the directory of the source is asked. */
export type DirectoryOperations = Pick<Operations, 'explainStart' | 'convertSources'>;

interface DirectoryWork {
  /** Without a way to the directory, they do and say what they can. */
  readonly services: Pick<Services, 'store' | 'objects' | 'clock' | 'log'> & Partial<Pick<Services, 'sourceDirectory'>>;
  /** Milliseconds after which no further mailbox is begun; unset: all are. */
  readonly budgetMs?: number;
}

export function directoryOperations({ services, budgetMs }: DirectoryWork): DirectoryOperations {
  return {
    async explainStart({ name }) {
      const lines = await explainStart(services, { batch: name });
      if (lines === undefined) throw refusal('BATCH_NOT_FOUND', `There is no batch ${name}.`);
      return { lines: [...lines] };
    },
    async convertSources({ name, startedBy, ...request }) {
      const until = budgetMs === undefined ? undefined : services.clock.now() + budgetMs;
      const converted = done(await convertSources(services, { ...request, batch: name, by: startedBy, until }));
      return { mailboxes: [...converted.mailboxes], files: [...converted.files] };
    },
  };
}
