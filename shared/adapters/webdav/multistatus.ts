import { XmlReader } from '../exchange-http/xml-reader.ts';

/** What a multistatus tells of one resource. */
export interface DavResponse {
  readonly href: string;
  /** `delete`: it is there no more; what else a manifest lists is there. */
  readonly isDeleted: boolean;
  /** Properties that it has, by local name; those of which the server says that there are none are left out. */
  readonly properties: ReadonlyMap<string, string>;
}

interface OpenResponse {
  href: string;
  changeType: string;
  readonly properties: Map<string, string>;
}

/**
 * Reads the answer of PROPFIND or SEARCH (RFC 4918 section 13) as it arrives and hands out its responses as they are
 * complete, so that a listing of any length takes no more memory than its largest response.
 */
export class MultistatusReader {
  readonly #reader: XmlReader;
  readonly #path: string[] = [];
  #text = '';
  #response: OpenResponse | undefined;
  #found = new Map<string, string>();
  #status = '';
  #responses: DavResponse[] = [];
  #collblob: string | undefined;
  #root = '';

  constructor() {
    this.#reader = new XmlReader({
      open: (name) => {
        this.#open(name);
      },
      text: (text) => {
        this.#text += text;
      },
      close: (name) => {
        this.#close(name);
      },
    });
  }

  /** Where the next manifest begins; at the latest known at the end. */
  get collblob(): string | undefined {
    return this.#collblob;
  }

  /** Responses that are complete now. */
  push(octets: Uint8Array): readonly DavResponse[] {
    this.#reader.push(octets);
    const responses = this.#responses;
    this.#responses = [];
    return responses;
  }

  /** False: it was some other page. */
  end(): boolean {
    this.#reader.end();
    return this.#root === 'multistatus';
  }

  #open(name: string): void {
    if (this.#path.length === 0) this.#root = name;
    this.#path.push(name);
    // Values of several parts (`v` within a property) stay together.
    if (!this.#isInProperty()) this.#text = '';
    if (name === 'response') this.#response = { href: '', changeType: '', properties: new Map() };
    if (name === 'propstat') {
      this.#found = new Map();
      this.#status = '';
    }
  }

  /** Within the value of a property, not at its beginning. */
  #isInProperty(): boolean {
    const at = this.#path.lastIndexOf('prop');
    return at !== -1 && this.#path.length > at + 2;
  }

  #close(name: string): void {
    const isInProperty = this.#isInProperty();
    this.#path.pop();
    if (isInProperty) return;
    const parent = this.#path.at(-1);
    const text = this.#text.trim();
    const response = this.#response;
    if (name === 'collblob') this.#collblob = text;
    else if (response === undefined) return;
    else if (parent === 'prop') this.#found.set(name, text);
    else if (name === 'status' && parent === 'propstat') this.#status = text;
    else if (name === 'propstat' && isFound(this.#status)) {
      for (const [property, value] of this.#found) response.properties.set(property, value);
    } else if (name === 'href' && parent === 'response') response.href = text;
    else if (name === 'changetype') response.changeType = text;
    else if (name === 'response') this.#end(response);
  }

  #end({ href, changeType, properties }: OpenResponse): void {
    this.#responses.push({ href, isDeleted: changeType === 'delete', properties });
    this.#response = undefined;
  }
}

/** `HTTP/1.1 200 OK`; left out where all is well. */
function isFound(status: string): boolean {
  return status === '' || /^HTTP\/\S+ 2/.test(status);
}
