/**
 * How a mail travels that its source exported: its MIME, by which it is known and compared as any other, behind a line
 * that says what it is, and the FastTransfer stream behind it. So whoever cannot have the stream taken writes the MIME.
 */
export interface ExportedMail {
  readonly mime: Buffer;
  /** Empty: the server does not export this one. */
  readonly stream: Buffer;
}

const type = 'Content-Type: application/vnd.stagecoach.fasttransfer; version=1; stream=';

/** The stream in base64, since line ends of a mail are made alike on their way. */
export function writeExportedMail({ mime, stream }: ExportedMail): Buffer {
  const tail = stream.toString('base64').replace(/.{1,76}/g, '$&\r\n');
  return Buffer.concat([Buffer.from(`${type}${String(tail.length)}\r\n`), mime, Buffer.from(tail, 'latin1')]);
}

/** Only of sources that export: nothing but their agreement tells such a line from one that a sender wrote. */
export function readExportedMail(octets: Buffer): ExportedMail {
  const lineEnd = octets.indexOf('\r\n');
  const line = octets.toString('latin1', 0, Math.max(0, lineEnd));
  const length = line.startsWith(type) ? Number(line.slice(type.length)) : NaN;
  const from = octets.length - length;
  if (!Number.isInteger(length) || from < lineEnd + 2) throw new Error('An exported mail is cut off');
  return {
    mime: octets.subarray(lineEnd + 2, from),
    stream: Buffer.from(octets.toString('latin1', from), 'base64'),
  };
}
