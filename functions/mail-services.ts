import type { z } from 'zod';
import type { MailServices } from '../shared/application/send-batch-mail.ts';
import { batchStore, clock, mailer, objectStore, settings } from './container.ts';
import type { MailEnvironment, ObjectsEnvironment, SettingsEnvironment, StateTableEnvironment } from './environment.ts';
import { log } from './middleware/logger.ts';

type Environment = z.output<typeof MailEnvironment> &
  z.output<typeof ObjectsEnvironment> &
  z.output<typeof SettingsEnvironment> &
  z.output<typeof StateTableEnvironment>;

/** For the functions that send mails about a batch. */
export function mailServices(env: Environment): MailServices {
  return {
    store: batchStore(env),
    objects: objectStore(env),
    mailer: mailer(env),
    settings: settings(env),
    clock,
    log,
  };
}
