import { withMembers } from '../with-members.ts';
import type { CopyHarness } from './copy-harness.ts';

/** Something happens to the source, once, before the n-th reading of bodies: that one and the later ones wait for it. */
export function beforeReading({ services }: CopyHarness, nth: number, happens: () => Promise<unknown>): void {
  const { mailSource } = services;
  let readings = 0;
  let happened: Promise<unknown> | undefined;
  Object.assign(services, {
    mailSource: (...endpoint: Parameters<typeof mailSource>) => ({
      open: async (...login: Parameters<ReturnType<typeof mailSource>['open']>) => {
        const mailbox = await mailSource(...endpoint).open(...login);
        return withMembers(mailbox, {
          readItems: async (...items) => {
            readings += 1;
            if (readings >= nth) await (happened ??= happens());
            return mailbox.readItems(...items);
          },
        });
      },
    }),
  });
}
