const megabyte = 1024 * 1024;

/** A message with files so large that from the second one on each takes a call of its own. */
export function messageWithFiles(id: string, names: readonly string[]): Buffer {
  const files = names.map(
    (name) =>
      `--b\r\nContent-Type: application/octet-stream; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.alloc(
        Math.floor(1.6 * megabyte),
        name,
      )
        .toString('base64')
        .replace(/.{76}/g, '$&\r\n')}\r\n`,
  );
  const head = `From: a@x.test\r\nMessage-ID: <${id}@x.test>\r\nSubject: ${id}\r\nDate: Tue, 01 Jan 2019 00:00:00 +0000\r\n`;
  return Buffer.from(`${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${files.join('')}--b--\r\n`);
}
