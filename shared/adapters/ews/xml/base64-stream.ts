/** Decodes base64 as it arrives, so that an item is in memory once and as octets. */
export class Base64Stream {
  readonly #chunks: Buffer[] = [];
  #left = '';

  push(text: string): void {
    const joined = this.#left + (/[\r\n\t ]/.test(text) ? text.replace(/[\r\n\t ]+/g, '') : text);
    const whole = joined.length - (joined.length % 4);
    this.#left = joined.slice(whole);
    this.#add(joined.slice(0, whole));
  }

  /** What was decoded. Octets that are missing their padding are not lost. */
  finish(): readonly Buffer[] {
    this.#add(this.#left);
    this.#left = '';
    return this.#chunks;
  }

  #add(text: string): void {
    if (text === '') return;
    this.#chunks.push(Buffer.from(text, 'base64'));
  }
}
