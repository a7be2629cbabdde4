import type { StoreProperties } from './store-properties.ts';

/** One resource of a multistatus, with the properties that were asked for. */
export interface WrittenResource {
  readonly href: string;
  readonly changeType?: 'change' | 'delete';
  /** As asked for, with the name that the answer is to give each. */
  readonly asked: readonly AskedProperty[];
  readonly properties: StoreProperties;
}

export interface AskedProperty {
  /** `urn:schemas:httpmail:read`, as it was asked for. */
  readonly name: string;
  readonly alias?: string | undefined;
}

const types = 'urn:uuid:c2f41010-65b3-11d1-a29f-00aa00c14882/';

/** A multistatus as Exchange writes it (RFC 4918 section 13), properties that are not there in a propstat of their own. */
export function multistatus(
  resources: readonly WrittenResource[],
  more: { readonly nameOf: (asked: string) => string; readonly brief: boolean; readonly collblob?: string | undefined },
): string {
  const { nameOf, brief, collblob } = more;
  const manifest = collblob === undefined ? '' : `<r:repl><r:collblob>${collblob}</r:collblob></r:repl>`;
  const responses = resources.map((resource) => responseOf(resource, { nameOf, brief })).join('');
  return (
    `<?xml version="1.0"?><a:multistatus xmlns:b="${types}" xmlns:r="http://schemas.microsoft.com/repl/" xmlns:a="DAV:">` +
    `${manifest}${responses}</a:multistatus>`
  );
}

function responseOf(
  { href, changeType, asked, properties }: WrittenResource,
  { nameOf, brief }: { readonly nameOf: (asked: string) => string; readonly brief: boolean },
): string {
  const found: string[] = [];
  const missing: string[] = [];
  for (const { name, alias } of asked) {
    const property = properties.get(nameOf(name));
    const element = alias === undefined ? elementOf(name) : { tag: alias, namespace: '' };
    const open = `${element.tag}${element.namespace}`;
    if (property === undefined) {
      missing.push(`<${open}/>`);
    } else {
      const type = property.type === undefined ? '' : ` b:dt="${property.type}"`;
      found.push(`<${open}${type}>${escaped(property.value)}</${element.tag}>`);
    }
  }
  const change = changeType === undefined ? '' : `<r:changetype>${changeType}</r:changetype>`;
  const absent = brief || missing.length === 0 ? '' : propstat('404 Resource Not Found', missing);
  return `<a:response><a:href>${escaped(href)}</a:href>${change}${propstat('200 OK', found)}${absent}</a:response>`;
}

function propstat(status: string, properties: readonly string[]): string {
  return `<a:propstat><a:status>HTTP/1.1 ${status}</a:status><a:prop>${properties.join('')}</a:prop></a:propstat>`;
}

/** A namespace ends where a name begins that XML allows; tags of MAPI begin with a digit, which is written out. */
function elementOf(name: string): { readonly tag: string; readonly namespace: string } {
  const [, namespace = '', local = ''] = /^(.*[:/#}])([^:/#}]*)$/.exec(name) ?? [];
  const tag = /^[0-9]/.test(local) ? `_x00${local.charCodeAt(0).toString(16)}_${local.slice(1)}` : local;
  return { tag: `p:${tag}`, namespace: ` xmlns:p="${namespace}"` };
}

function escaped(text: string): string {
  // As Exchange does it: a character that XML forbids becomes a reference.
  return text.replace(/[<>&"\p{Cc}]/gu, (char) => `&#${String(char.charCodeAt(0))};`);
}
