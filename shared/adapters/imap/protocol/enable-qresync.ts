import type { ImapConnection } from './imap-connection.ts';

/**
 * Asks for QRESYNC (RFC 7162 section 3.2.3), by which a server tells what is gone from a folder. To be sent before any
 * mailbox is opened (RFC 5161 section 3.1). False where the server does not offer it, or does not do it after all; rejects
 * only when the connection is lost.
 */
export async function enableQresync(connection: ImapConnection): Promise<boolean> {
  const { capabilities } = connection;
  if (!capabilities.has('QRESYNC') || !capabilities.has('ENABLE')) {
    return false;
  }
  const enabled = new Set<string>();
  const inFlight = await connection.send({
    name: 'ENABLE',
    parts: ['ENABLE QRESYNC'],
    accepts: ['ENABLED'],
    untagged: (data) => {
      const extensions = data.response.text.slice(data.position).toUpperCase().trim().split(/ +/);
      for (const extension of extensions) {
        enabled.add(extension);
      }
    },
  });
  const { status } = await inFlight.reply;
  return status === 'OK' && enabled.has('QRESYNC');
}
