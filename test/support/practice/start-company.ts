import { fillPracticeItems } from '../../../simulator/exchange/practice-items.ts';
import type { PracticeOutOfOffice } from '../../../simulator/exchange/practice-out-of-office.ts';
import { PracticeOrganisation, type PracticeOrganisationOptions } from '../../../simulator/practice-organisation.ts';
import { fillExchange } from '../exchange/fill-exchange.ts';
import { generateMailbox } from '../mail/generate-mailbox.ts';

/** Of the first people; the others are at work. */
const absences: readonly PracticeOutOfOffice[] = [
  { state: 'Enabled', externalAudience: 'Known', internalReply: '<p>Away until spring</p>' },
  { state: 'Scheduled', from: '2026-01-01T08:00:00', until: '2099-01-01T17:00:00', externalReply: '<p>Away</p>' },
];

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
      mailbox.outOfOffice = absences[index] ?? { state: 'Disabled' };
    },
  });
}
