/** RFC 3501 section 5.1.3: mailbox names are ASCII, and what is not becomes `&` + base64 of UTF-16BE + `-`. */
export function encodeModifiedUtf7(name: string): string {
  return name.replaceAll('&', '&-').replaceAll(/[^\u0020-\u007e]+/g, (run) => {
    const utf16 = Buffer.from(run, 'utf16le').swap16();
    return `&${utf16.toString('base64').replaceAll('/', ',').replaceAll('=', '')}-`;
  });
}

export function decodeModifiedUtf7(name: string): string {
  return name.replaceAll(/&([^-]*)-/g, (_whole, run: string) => {
    if (run === '') return '&';
    return Buffer.from(run.replaceAll(',', '/'), 'base64').swap16().toString('utf16le');
  });
}
