import { internalDateSeconds } from '../../../shared/domain/internal-date.ts';
import { writeExportedItem } from '../../../shared/domain/items/exported-item.ts';
import type { ItemEnvelope } from '../../../shared/domain/mail.ts';
import type { PageWriter, TargetMailbox } from '../../../shared/ports/mail-target.ts';
import { exportedData } from '../../../simulator/exchange/exported-data.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { withMembers } from '../../support/with-members.ts';

/** A mailbox to which every message comes with the stream as which a practice Exchange would export it. */
export async function withStreams(mailbox: TargetMailbox): Promise<TargetMailbox> {
  await mailbox.takeExports?.();
  return withMembers(mailbox, { beginPage: (...page) => exportingPage(mailbox.beginPage(...page)) });
}

function exportingPage(page: PageWriter): PageWriter {
  let envelope: ItemEnvelope | undefined;
  let chunks: Buffer[] = [];
  return {
    begin: (begun) => {
      envelope = begun;
      chunks = [];
    },
    write: (octets) => void chunks.push(Buffer.from(octets)),
    end: async () => {
      if (envelope === undefined) throw new Error('A page was written to before an item was begun.');
      const mime = Buffer.concat(chunks);
      const exported = writeExportedItem({ mime, stream: streamOf(mime, envelope) });
      await page.begin({ ...envelope, size: exported.length });
      await page.write(exported);
      await page.end();
    },
    finish: () => page.finish(),
  };
}

function streamOf(mime: Buffer, { internalDate, flags }: ItemEnvelope): Buffer {
  const has = (flag: string): boolean => flags.includes(flag);
  const mailbox = new PracticeMailbox('source@contoso.test');
  const item = mailbox.addItem(mailbox.wellKnown('inbox')?.id ?? '', {
    mime: () => mime,
    received: new Date(internalDateSeconds(internalDate) * 1000),
    read: has('\\Seen'),
    flagged: has('\\Flagged'),
    draft: has('\\Draft'),
    ...(has('\\Answered') ? { verb: 102 } : {}),
  });
  return exportedData(item);
}
