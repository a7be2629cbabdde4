import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messageFromMime } from '../../../shared/adapters/graph/mailbox/message-from-mime.ts';
import type { SingleValueProperty } from '../../../shared/adapters/graph/mailbox/graph-message.ts';
import type { ItemEnvelope } from '../../../shared/domain/mail.ts';
import { UGLY_MESSAGES } from '../../support/mail/ugly-messages.ts';

const internalDate = '01-Mar-2019 11:00:03 +0100';

function envelope(flags: readonly string[] = []): ItemEnvelope {
  return { internalDate, flags, size: 0 };
}

function convert(text: string | Buffer, flags: readonly string[] = []): ReturnType<typeof messageFromMime> {
  const octets = typeof text === 'string' ? Buffer.from(text.replaceAll('\n', '\r\n')) : text;
  return messageFromMime(octets, envelope(flags));
}

function valueOf(properties: readonly SingleValueProperty[], id: string): string | undefined {
  return properties.find((property) => property.id === id)?.value;
}

const simple = `From: "Lee, Ann" <ann@contoso.test>
To: Bob <bob@contoso.test>, Team: carol@contoso.test, dave@contoso.test;
Cc: =?UTF-8?B?R3LDvMOfZQ==?= <g@contoso.test>
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= from
 here
Date: Fri, 1 Mar 2019 10:00:00 +0100
Message-ID: <one@contoso.test>
In-Reply-To: <zero@contoso.test>
References: <minus@contoso.test> <zero@contoso.test>
Content-Type: text/plain; charset=utf-8

Hello
`;

describe('a message in the words of Graph', () => {
  it('has what its header says', async () => {
    const { message, losses, files } = await convert(simple, ['\\Seen']);

    expect(message).toMatchObject({
      subject: 'Grüße from here',
      body: { contentType: 'text', content: expect.stringContaining('Hello') },
      from: { emailAddress: { name: 'Lee, Ann', address: 'ann@contoso.test' } },
      toRecipients: [
        { emailAddress: { name: 'Bob', address: 'bob@contoso.test' } },
        { emailAddress: { address: 'carol@contoso.test' } },
        { emailAddress: { address: 'dave@contoso.test' } },
      ],
      ccRecipients: [{ emailAddress: { name: 'Grüße', address: 'g@contoso.test' } }],
      internetMessageId: '<one@contoso.test>',
      isRead: true,
      importance: 'normal',
      flag: { flagStatus: 'notFlagged' },
    });
    expect({ losses, files }).toEqual({ losses: [], files: [] });
  });

  it('keeps its dates, in UTC, and is no draft', async () => {
    const { message } = await convert(simple);
    const properties = message.singleValueExtendedProperties;

    expect(valueOf(properties, 'SystemTime 0x0E06')).toBe('2019-03-01T10:00:03Z');
    expect(valueOf(properties, 'SystemTime 0x0039')).toBe('2019-03-01T09:00:00Z');
    expect(valueOf(properties, 'Integer 0x0E07')).toBe('4');
    expect(valueOf(properties, 'String 0x1042')).toBe('<zero@contoso.test>');
    expect(valueOf(properties, 'String 0x1039')).toBe('<minus@contoso.test> <zero@contoso.test>');
  });

  it('stays a draft where it was one', async () => {
    const { message } = await convert(simple, ['\\Draft', '\\Seen']);

    expect(valueOf(message.singleValueExtendedProperties, 'Integer 0x0E07')).toBeUndefined();
    expect(message.isRead).toBe(true);
  });

  it('carries marks: read, flagged, answered, important', async () => {
    const { message } = await convert(`Importance: high\n${simple}`, ['\\Seen', '\\Flagged', '\\Answered']);

    expect(valueOf(message.singleValueExtendedProperties, 'Integer 0x0E07')).toBe('1');
    expect(valueOf(message.singleValueExtendedProperties, 'Integer 0x1081')).toBe('102');
    expect(message).toMatchObject({ isRead: true, flag: { flagStatus: 'flagged' }, importance: 'high' });
  });

  it('asks for no receipt, in none of the places where that can be done', async () => {
    const asked = `Disposition-Notification-To: ann@contoso.test\nReturn-Receipt-To: ann@contoso.test\n${simple}`;
    const { message } = await convert(asked);
    const header = valueOf(message.singleValueExtendedProperties, 'String 0x007D') ?? '';

    expect(message).toMatchObject({ isReadReceiptRequested: false, isDeliveryReceiptRequested: false });
    expect(header).toContain('X-Disarmed-Disposition-Notification-To: ann@contoso.test');
    expect(header).not.toMatch(/^(disposition-notification-to|return-receipt-to)/im);
  });

  it('leaves out a Reply-To that Graph would refuse, and says so', async () => {
    const { message, losses } = await convert(`Reply-To: nobody, Ann <ann@contoso.test>\n${simple}`);

    expect(message.replyTo).toEqual([{ emailAddress: { name: 'Ann', address: 'ann@contoso.test' } }]);
    expect(losses).toEqual(['reply-to']);
  });

  it('has an author also where the message names none that can be written to', async () => {
    const { message, losses } = await convert(simple.replace(/^From:.*$/m, 'From: MAILER-DAEMON'));

    expect(message.from).toEqual({
      emailAddress: { name: 'MAILER-DAEMON', address: 'unknown@stagecoach.invalid' },
    });
    expect(losses).toEqual(['address']);
  });

  it('reads header octets that are no UTF-8 as Windows-1252', async () => {
    const { message } = await convert(
      Buffer.from(
        simple
          .replace(/^Subject:.*\n from\n here$/m, '')
          .replace('Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= from\n here', 'Subject: Gr\u00fc\u00dfe'),
        'latin1',
      ),
    );

    expect(message.subject).toBe('Grüße');
  });

  it('takes no control character along', async () => {
    const { message } = await convert(
      simple.replace('Hello', 'a\u0001b\u000bc').replace('Subject: ', 'Subject: x\u0007y '),
    );

    expect(JSON.stringify(message)).not.toMatch(/\\u00(?!0a|0d|09)[01]/i);
    expect(message.body.content).toContain('abc');
  });

  it('cuts a subject where Exchange does, between letters', async () => {
    const { message, losses } = await convert(simple.replace(/^Subject:[^]*here$/m, `Subject: ${'🚂'.repeat(200)}`));

    expect(message.subject.length).toBeLessThanOrEqual(255);
    expect(message.subject.isWellFormed()).toBe(true);
    expect(losses).toEqual(['subject-shortened']);
  });
});

const mixed = `From: a@x.test
Message-ID: <m@x.test>
Subject: parts
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html; charset=utf-8

<p>See <img src="cid:pic@x"></p>
--r
Content-Type: image/png
Content-ID: <pic@x>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--r--
--b
Content-Type: message/rfc822

From: inner@x.test
Subject: the inner one

inside
--b
Content-Type: application/pdf; name="..\\\\evil\\u0001.pdf"
Content-Disposition: attachment
Content-Transfer-Encoding: base64

JVBERi0=
--b--
`;

describe('the files of a message', () => {
  it('are its pictures by Content-ID, its attached messages as .eml, and its attachments', async () => {
    const { files, message } = await convert(mixed);

    expect(message.body.contentType).toBe('html');
    expect(
      files.map(({ content, ...file }) => ({ ...file, text: Buffer.from(content).toString('latin1').trim() })),
    ).toEqual([
      { name: 'image.png', contentType: 'image/png', isInline: true, contentId: 'pic@x', text: '\u0089PNG\r\n\u001a' },
      {
        name: 'the inner one.eml',
        contentType: 'message/rfc822',
        isInline: false,
        text: expect.stringContaining('inside'),
      },
      {
        name: expect.stringMatching(/^[^\\/]*evil.*\.pdf$/),
        contentType: 'application/pdf',
        isInline: false,
        text: '%PDF-',
      },
    ]);
  });

  it('hold a body that is too long for a request', async () => {
    const { files, message, losses } = await convert(
      `From: a@x.test\nSubject: long\n\n${'ten octets'.repeat(200_000)}`,
    );

    expect(losses).toEqual(['body-attached']);
    expect(files).toMatchObject([{ name: 'message.txt' }]);
    expect(Buffer.from(files[0]?.content ?? []).toString()).toContain('ten octets'.repeat(200_000));
    expect(message.body.content.length).toBeLessThan(200_000);
  });

  it('hold what is encrypted, under the class that has it shown', async () => {
    const { files, message, losses } = await convert(
      'From: a@x.test\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nAAECAw==\n',
    );

    expect(valueOf(message.singleValueExtendedProperties, 'String 0x001A')).toBe('IPM.Note.SMIME');
    expect(files).toMatchObject([{ name: 'smime.p7m', contentType: 'application/pkcs7-mime' }]);
    expect(losses).toEqual(['smime']);
  });
});

describe('ugly messages', () => {
  const shape = { seed: 's', id: 'id', date: new Date('2020-02-03T04:05:06Z'), bytes: 5_000 };

  it.each(Object.keys(UGLY_MESSAGES))('are converted: %s', async (kind) => {
    const octets = UGLY_MESSAGES[kind as keyof typeof UGLY_MESSAGES](shape);

    const { message, files } = await convert(octets);

    expect(message.from?.emailAddress.address).toMatch(/@/);
    expect(JSON.stringify(message)).not.toMatch(/\\u00(?!0a|0d|09)[01]/i);
    // Nothing that has a place in a body is dropped.
    const everything = [
      message.body.content,
      ...files.map((file) => Buffer.from(file.content).toString('latin1')),
    ].join('');
    const hasText = !['an empty body', 'headers and no blank line'].includes(kind);
    expect(everything.trim() !== '').toBe(hasText);
  });

  it('of any octets at all are converted, and give JSON that can be sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (octets) => {
        const { message } = await messageFromMime(octets, envelope());

        expect(JSON.stringify(message).isWellFormed()).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
