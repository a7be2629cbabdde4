import { fillPracticeItems } from '../../../simulator/exchange/practice-items.ts';
import { PracticeOrganisation, type PracticeOrganisationOptions } from '../../../simulator/practice-organisation.ts';
import { fillExchange } from '../exchange/fill-exchange.ts';
import { generateMailbox } from '../mail/generate-mailbox.ts';

/** The practice organisation with mail as odd as real mail is, contacts, calendars, tasks and notes. */
export async function startCompany(
  shape: { readonly people: number; readonly messages: number } & Omit<PracticeOrganisationOptions, 'people' | 'fill'>,
): Promise<PracticeOrganisation> {
  const { messages, ...options } = shape;
  return await PracticeOrganisation.start({
    ...options,
    fill: (mailbox, index) => {
      const folders = 4 + (index % 5);
      fillExchange(
        mailbox,
        generateMailbox({ seed: mailbox.address, folders, messages, ugly: true, hugeBytes: 4_000_000 }),
      );
      fillPracticeItems(mailbox);
    },
  });
}
