import type { DovecotServer } from '../dovecot/dovecot-server.ts';
import { generateMailbox } from '../mail/generate-mailbox.ts';
import { seedMailbox } from '../mail/seed-mailbox.ts';
import { MeteredService } from './metered-service.ts';
import type { Counted, MeteredOptions } from './metered-service.ts';

/** A batch to be counted: so many mailboxes, all of the same shape. */
export interface Scenario extends Pick<MeteredOptions, 'clockSpeed' | 'commitsASlice' | 'renewMs'> {
  readonly name: string;
  readonly mailboxes: number;
  readonly folders: number;
  /** Of each mailbox. */
  readonly messages: number;
  readonly octets: number;
}

export interface CountedBatch {
  readonly scenario: Scenario;
  readonly initial: Counted;
  /** A second pass, over mailboxes in which nothing changed. */
  readonly quiet: Counted;
}

export interface Servers {
  readonly source: DovecotServer;
  readonly target: DovecotServer;
  readonly password: string;
}

/** The mailboxes of a scenario, as both servers must know them. */
export function mailboxesOf({ name, mailboxes }: Scenario): readonly string[] {
  return Array.from({ length: mailboxes }, (_, at) => `${name}${String(at).padStart(3, '0')}@contoso.test`);
}

/** Copies the batch from one server to the other, then looks once more, and counts both passes. */
export async function countBatch({ source, target, password }: Servers, scenario: Scenario): Promise<CountedBatch> {
  const made = { folders: 0, items: 0, octets: 0 };
  const users = mailboxesOf(scenario);
  for (const user of users) {
    const { folders, messages, octets } = scenario;
    const mailbox = generateMailbox({ seed: user, folders, messages, bytes: octets });
    seedMailbox(source, user, mailbox);
    made.folders += mailbox.folders.filter((folder) => folder.messages.length > 0).length;
    made.items += messages;
  }
  const service = await MeteredService.start({
    sourcePort: source.imapPort,
    targetPort: target.imapPort,
    ...scenario,
  });
  try {
    const rows = users.map((user) => `${user},${user},${password}\r\n`);
    const initial = await service.runUpload(scenario.name, `EmailAddress,UserName,Password\r\n${rows.join('')}`);
    const copied = await copiedOctets(service, scenario.name);
    const quiet = await service.runAgain(scenario.name);
    return {
      scenario,
      initial: { ...initial, drivers: { ...initial.drivers, ...made, ...copied } },
      quiet: { ...quiet, drivers: { ...quiet.drivers, ...made, ...copied, checkedOctets: 0 } },
    };
  } finally {
    await service.close();
  }
}

async function copiedOctets(
  service: MeteredService,
  name: string,
): Promise<{ readonly octets: number; readonly checkedOctets: number }> {
  let octets = 0;
  let checkedOctets = 0;
  for await (const job of service.jobs(name)) {
    if (job.green !== true) throw new Error(`The mailbox ${job.mailbox} is not green: ${job.reason ?? job.status}`);
    octets += job.items.bytes;
    checkedOctets += ((job.verification?.checked ?? 0) * job.items.bytes) / Math.max(1, job.items.copied);
  }
  return { octets, checkedOctets };
}
