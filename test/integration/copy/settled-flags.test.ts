import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';

describe('Flags of what arrived before a connection ended', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness | undefined;

  beforeEach(async () => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    for (let at = 0; at < 4; at += 1) inbox(source).add({ ...message(String(at)), flags: ['\\Flagged', '$Forwarded'] });
  });

  afterEach(async () => {
    harness?.close();
    await source.stop();
    await target.stop();
  });

  /** The first page is stored and its answer lost; then the target's flags are these, and the copy goes on. */
  const copyWithFlagsLost = async (flags: readonly string[], usersAtWork: boolean): Promise<CopyHarness> => {
    const options = { settleAfter: 0, usersAtWork };
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options });
    target.plan.when((event) => event.kind === 'reply' && event.name === 'APPEND', { do: 'cut' });
    await harness.slice(user);
    expect(inbox(target).messages).toHaveLength(4);
    for (const stored of inbox(target).messages.slice(0, 2)) inbox(target).setFlags(stored, flags);
    return harness;
  };

  const flagsThere = (): readonly string[] => inbox(target).messages.map(({ flags }) => [...flags].sort().join(' '));

  it.each([
    ['none', []],
    ['others in place of keywords', ['\\Flagged', 'unknown-0']],
  ])('are those of the source again where the server kept %s', async (_, kept) => {
    const copy = await copyWithFlagsLost(kept, false);

    const job = await copy.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 4 } });
    expect(flagsThere()).toEqual(Array(4).fill('$Forwarded \\Flagged'));
    // Recorded as they are: the next pass has nothing to carry, and what a user takes off stays off.
    for (const stored of inbox(target).messages) inbox(target).setFlags(stored, ['\\Flagged']);
    inbox(source).add(message('new'));
    await copy.beginPass('incremental');
    await copy.run(user);
    expect(flagsThere()).toEqual([...Array<string>(4).fill('\\Flagged'), '']);
  });

  it('stay as users made them where users are at work', async () => {
    const copy = await copyWithFlagsLost(['\\Seen'], true);

    const job = await copy.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 4 } });
    expect(flagsThere()).toEqual(['\\Seen', '\\Seen', '$Forwarded \\Flagged', '$Forwarded \\Flagged']);
  });
});

function inbox(server: ScriptedImapServer) {
  const found = server.account(user).mailbox('INBOX');
  if (found === undefined) throw new Error('No INBOX');
  return found;
}
