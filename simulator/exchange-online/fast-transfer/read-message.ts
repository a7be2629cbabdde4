import { marker, StreamElements, type StreamElement } from './stream-elements.ts';
import { corruptStream } from './transfer-failure.ts';
import type { TransferredAttachment, TransferredMessage, TransferredProperty } from './transferred-property.ts';

const recipientsTag = 0x0e12_000d;
const attachmentsTag = 0x0e13_000d;
const rowId = 0x3000;
const attachNumber = 0x0e21;

/**
 * Reads an item that was copied alone: the `messageContent` of [MS-OXCFXICS] 2.2.4.3, without the markers of a message
 * around it. Its parts must come in the order of that grammar: properties, recipients, attachments.
 */
export function readMessage(stream: Buffer): TransferredMessage {
  const reader = new MessageReader(stream);
  return reader.whole();
}

class MessageReader {
  readonly #elements: StreamElements;
  /** Read and not yet used. */
  #ahead: StreamElement | undefined;

  constructor(stream: Buffer) {
    this.#elements = new StreamElements(stream);
  }

  whole(): TransferredMessage {
    const message = this.#content();
    if (this.#peek() !== undefined) throw corruptStream('something follows where nothing may');
    return message;
  }

  #content(): TransferredMessage {
    const properties = this.#properties();
    if (properties.length === 0) throw corruptStream('it has no properties');
    this.#takesReplacement(recipientsTag);
    const recipients = this.#recipients();
    this.#takesReplacement(attachmentsTag);
    return { properties, recipients, attachments: this.#attachments() };
  }

  #properties(): readonly TransferredProperty[] {
    const properties: TransferredProperty[] = [];
    for (let element = this.#peek(); element?.kind === 'property' || element?.kind === 'meta'; element = this.#peek()) {
      this.#ahead = undefined;
      if (element.kind === 'property') properties.push(element.property);
    }
    return properties;
  }

  #recipients(): readonly (readonly TransferredProperty[])[] {
    const recipients: (readonly TransferredProperty[])[] = [];
    while (this.#takesMarker(marker.startRecip)) {
      const properties = this.#properties();
      if (properties[0]?.id !== rowId) throw corruptStream('a recipient does not begin with its row');
      this.#demand(marker.endToRecip);
      recipients.push(properties);
    }
    return recipients;
  }

  #attachments(): readonly TransferredAttachment[] {
    const attachments: TransferredAttachment[] = [];
    while (this.#takesMarker(marker.newAttach)) {
      const properties = this.#properties();
      if (properties[0]?.id !== attachNumber) throw corruptStream('an attachment does not begin with its number');
      attachments.push({ properties, embedded: this.#embedded() });
      this.#demand(marker.endAttach);
    }
    return attachments;
  }

  #embedded(): TransferredMessage | undefined {
    if (!this.#takesMarker(marker.startEmbed)) return undefined;
    const message = this.#content();
    this.#demand(marker.endEmbed);
    return message;
  }

  #takesReplacement(tag: number): void {
    const element = this.#peek();
    if (element?.kind === 'replaces' && element.tag === tag) this.#ahead = undefined;
  }

  #takesMarker(wanted: number): boolean {
    const element = this.#peek();
    if (element?.kind !== 'marker' || element.marker !== wanted) return false;
    this.#ahead = undefined;
    return true;
  }

  #demand(wanted: number): void {
    if (!this.#takesMarker(wanted)) throw corruptStream(`marker 0x${wanted.toString(16)} is missing`);
  }

  #peek(): StreamElement | undefined {
    if (this.#ahead === undefined && !this.#elements.atEnd) this.#ahead = this.#elements.next();
    return this.#ahead;
  }
}
