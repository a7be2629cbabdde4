import { decodeModifiedUtf7 } from '../mail/modified-utf7.ts';
import { PlainImapClient, quoted } from '../mail/plain-imap-client.ts';
import type { DavMail } from './davmail.ts';

export interface ShownMessage {
  readonly uid: number;
  readonly sha256: string;
  readonly flags: readonly string[];
  /** Seconds since 1970. */
  readonly received: number;
}

/** Somebody who looks at a mailbox by way of DavMail. */
export class DavMailUser {
  readonly #davmail: DavMail;
  readonly #user: string;
  readonly #password: string;
  readonly #address: string;

  constructor(davmail: DavMail, as: { readonly user: string; readonly password: string; readonly address: string }) {
    this.#davmail = davmail;
    this.#user = as.user;
    this.#password = as.password;
    this.#address = as.address;
  }

  /** Every message over IMAP, by folder. */
  async mail(): Promise<ReadonlyMap<string, readonly ShownMessage[]>> {
    const client = await PlainImapClient.connect(this.#davmail.imapPort);
    try {
      // DavMail knows no AUTHENTICATE PLAIN.
      await client.command(`LOGIN ${quoted(this.#user)} ${quoted(this.#password)}`);
      const { untagged } = await client.command('LIST "" "*"');
      const names = untagged.flatMap(({ line }) => /^\* LIST \([^)]*\) "\/" "(.*)"$/.exec(line)?.[1] ?? []);
      const found = new Map<string, readonly ShownMessage[]>();
      for (const name of new Set(names)) found.set(decodeModifiedUtf7(name), await messagesIn(client, name));
      return found;
    } finally {
      client.close();
    }
  }

  /** Every vCard of the contacts. */
  contacts(): Promise<readonly string[]> {
    const query =
      '<C:addressbook-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><D:getetag/><C:address-data/></D:prop></C:addressbook-query>';
    return this.#report('contacts', { query, element: 'address-data' });
  }

  /** Every object of the calendar. */
  events(): Promise<readonly string[]> {
    const query =
      '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>';
    return this.#report('calendar', { query, element: 'calendar-data' });
  }

  async #report(
    folder: string,
    { query, element }: { readonly query: string; readonly element: string },
  ): Promise<readonly string[]> {
    const answer = await fetch(`http://127.0.0.1:${String(this.#davmail.davPort)}/users/${this.#address}/${folder}/`, {
      method: 'REPORT',
      headers: {
        Authorization: `Basic ${Buffer.from(`${this.#user}:${this.#password}`).toString('base64')}`,
        'Content-Type': 'text/xml',
        Depth: '1',
      },
      body: `<?xml version="1.0" encoding="utf-8"?>${query}`,
    });
    const text = await answer.text();
    if (answer.status !== 207) throw new Error(`REPORT ${folder}: HTTP ${String(answer.status)}\n${text}`);
    return [...text.matchAll(new RegExp(`<\\w+:${element}[^>]*>([\\s\\S]*?)</`, 'g'))].map(([, data = '']) =>
      unfolded(unescaped(data)),
    );
  }
}

async function messagesIn(client: PlainImapClient, name: string): Promise<readonly ShownMessage[]> {
  await client.command(`EXAMINE ${quoted(name)}`);
  const { untagged } = await client.command('UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])');
  return untagged.flatMap(({ line, literals }): ShownMessage[] => {
    const [, flags] = /FLAGS \(([^)]*)\)/.exec(line) ?? [];
    const [literal] = literals;
    if (flags === undefined || literal === undefined) return [];
    const [, day = '', time = ''] = /INTERNALDATE "([^ ]+) ([^"]+)"/.exec(line) ?? [];
    return [
      {
        uid: Number(/UID (\d+)/.exec(line)?.[1]),
        sha256: literal.sha256,
        flags: flags.split(' ').filter((flag) => flag !== '' && flag !== '\\Recent'),
        received: Date.parse(`${day.replaceAll('-', ' ')} ${time}`) / 1000,
      },
    ];
  });
}

function unescaped(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
}

/** RFC 5545 and RFC 6350, section 3.1 and 3.2: a line may go on in the next one. */
function unfolded(text: string): string {
  return text.replace(/\r?\n[ \t]/g, '');
}
