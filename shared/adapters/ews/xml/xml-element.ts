import { XmlReader } from '../../exchange-http/xml-reader.ts';
import { Base64Stream } from './base64-stream.ts';

/** An element of an answer, by its local name. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
  /** Of elements that hold octets (`MimeContent`, say), decoded; `text` is empty then. */
  readonly octets?: readonly Buffer[] | undefined;
}

interface OpenElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  readonly texts: string[];
  readonly octets: Base64Stream | undefined;
}

/** Elements whose text is base64 that is decoded on the way. */
const octetElements: ReadonlySet<string> = new Set(['MimeContent', 'Content', 'Data']);

/**
 * Builds elements as an answer arrives, and hands out its response messages as they are complete, so that an answer of
 * any length takes no more memory than its largest message.
 */
export class AnswerReader {
  readonly #reader: XmlReader;
  readonly #open: OpenElement[] = [];
  #messages: XmlElement[] = [];
  #root: XmlElement | undefined;

  constructor() {
    this.#reader = new XmlReader({
      open: (name, attributes) => {
        const octets = octetElements.has(name) ? new Base64Stream() : undefined;
        this.#open.push({ name, attributes, children: [], texts: [], octets });
      },
      text: (text) => {
        const element = this.#open.at(-1);
        if (element?.octets === undefined) element?.texts.push(text);
        else element.octets.push(text);
      },
      close: () => {
        this.#close();
      },
    });
  }

  /** Response messages that are complete now. */
  push(octets: Uint8Array): readonly XmlElement[] {
    this.#reader.push(octets);
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  /** The answer without the messages that were handed out. */
  end(): XmlElement {
    this.#reader.end();
    return this.#root ?? emptyElement;
  }

  #close(): void {
    const open = this.#open.pop();
    if (open === undefined) return;
    const { name, attributes, children, texts } = open;
    const octets = open.octets?.finish();
    const element: XmlElement = { name, attributes, children, text: texts.join(''), octets };
    const parent = this.#open.at(-1);
    if (parent?.name === 'ResponseMessages') this.#messages.push(element);
    else if (parent === undefined) this.#root = element;
    else parent.children.push(element);
  }
}

const emptyElement: XmlElement = { name: '', attributes: {}, children: [], text: '' };

/** First descendant of that name, in document order. */
export function find(element: XmlElement | undefined, name: string): XmlElement | undefined {
  if (element === undefined) return undefined;
  for (const child of element.children) {
    const found = child.name === name ? child : find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text;
}
