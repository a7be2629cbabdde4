/**
 * What one writes first: for every folder, for every message, fetch it with imapflow and append it with imapflow.
 *
 *   node bench/peers/imapflow-loop.ts <source port> <source user> <target port> <target user> <password>
 */
import { ImapFlow } from 'imapflow';

const [sourcePort, sourceUser = '', targetPort, targetUser = '', password = ''] = process.argv.slice(2);

async function signIn(port: string | undefined, user: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: Number(port),
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: password },
    logger: false,
  });
  await client.connect();
  return client;
}

const source = await signIn(sourcePort, sourceUser);
const target = await signIn(targetPort, targetUser);
let copied = 0;
for (const folder of await source.list()) {
  if (folder.flags.has('\\Noselect')) continue;
  if (folder.path !== 'INBOX') await target.mailboxCreate(folder.path);
  const opened = await source.mailboxOpen(folder.path, { readOnly: true });
  if (opened.exists === 0) continue;
  await target.mailboxOpen(folder.path);
  for await (const message of source.fetch('1:*', { flags: true, internalDate: true, source: true })) {
    const flags = [...(message.flags ?? [])].filter((flag) => flag !== '\\Recent');
    await target.append(folder.path, message.source ?? Buffer.alloc(0), flags, message.internalDate);
    copied += 1;
  }
}
await source.logout();
await target.logout();
console.log(`${copied} messages`);
