import { find } from '../../shared/adapters/ews/xml/xml-element.ts';
import { MimeReadings } from '../exchange/mime-reading.ts';
import { parseXml } from '../exchange/parse-xml.ts';
import { mayOpen, type PracticeAccount } from '../exchange/practice-account.ts';
import type { PracticeFolder, PracticeItem, PracticeMailbox } from '../exchange/practice-mailbox.ts';
import { isSameName } from '../exchange/same-name.ts';
import { multistatus, type AskedProperty, type WrittenResource } from './multistatus.ts';
import { shortHash, StoreNames, type Resource } from './store-names.ts';
import { folderProperties, itemProperties, propertyName, rootProperties } from './store-properties.ts';
import { compare, parseQuery, type StoreQuery } from './store-query.ts';
import type { WebdavOptions } from './webdav-simulator.ts';

export interface StoreRequest {
  readonly method: string;
  readonly path: string;
  readonly account: PracticeAccount;
  readonly body: string;
  readonly depth: string;
  readonly range: string | undefined;
  readonly brief: boolean;
  /** Without `Translate: f` Outlook Web Access shows a page. */
  readonly translates: boolean;
  /** How the server names itself. */
  readonly origin: string;
}

export interface StoreAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly tellsLength?: boolean;
}

interface Place {
  readonly mailbox: PracticeMailbox;
  readonly names: StoreNames;
  readonly resource: Resource;
  /** Address of the mailbox, with a slash at its end. */
  readonly base: string;
}

/** The mailboxes of a practice Exchange 2003 as WebDAV shows them. */
export class WebdavStore {
  readonly #options: WebdavOptions;
  readonly #names = new Map<string, StoreNames>();
  readonly #arrivals = new Map<string, number>();
  /** Another one after the store was restored: collblobs of before are of no use then. */
  #generation = 1;
  readonly #readings: MimeReadings;

  constructor(options: WebdavOptions) {
    this.#options = options;
    this.#readings = new MimeReadings(options.regeneratesMime !== false);
  }

  forgetManifests(): void {
    this.#generation += 1;
  }

  answer(request: StoreRequest): StoreAnswer | 'denied' {
    const segments = decodedSegments(request.path);
    if (segments === undefined || this.#options.blocks?.test(segments.join('/')) === true) return { status: 404 };
    const [, name, ...below] = segments;
    if (name === undefined) return this.#top(request);
    const mailbox = this.#mailboxNamed(name);
    if (mailbox === undefined) return { status: 404 };
    if (!mayOpen(request.account, mailbox.address)) return 'denied';
    const names = this.#namesOf(mailbox);
    const resource = names.find(below);
    if (resource === undefined) return { status: 404 };
    const place = { mailbox, names, resource, base: `${request.origin}/exchange/${segment(name)}/` };
    switch (request.method) {
      case 'PROPFIND':
        return this.#propfind(request, place);
      case 'SEARCH':
        return this.#search(request, place);
      case 'GET':
        return this.#get(request, place);
      case 'OPTIONS':
        return { status: 200, headers: { Allow: 'OPTIONS, GET, PROPFIND, SEARCH', DAV: '1, 2' } };
      default:
        return { status: 405 };
    }
  }

  /** Above all mailboxes: a browser is shown its own one, WebDAV too. */
  #top(request: StoreRequest): StoreAnswer | 'denied' {
    const own = this.#options.mailboxes.find(({ address }) => isSameName(address, ownAddress(request.account)));
    if (request.method === 'GET') {
      const base = own === undefined ? '' : `<BASE href="${request.origin}/exchange/${segment(this.#alias(own))}/">`;
      const body = Buffer.from(`<html><head><TITLE>Microsoft Outlook Web Access</TITLE>\r\n${base}\r\n</head></html>`);
      return { status: 200, headers: { 'Content-Type': 'text/html' }, body };
    }
    if (own === undefined) return { status: 404 };
    return this.answer({ ...request, path: `/exchange/${segment(this.#alias(own))}/` });
  }

  #propfind(request: StoreRequest, place: Place): StoreAnswer {
    const asked = askedProperties(request.body);
    const children = request.depth === '0' ? [] : this.#children(place, 'SHALLOW');
    const resources = [this.#written(place, place.resource, asked)];
    for (const child of children) resources.push(this.#written(place, child, asked));
    return written(resources, request);
  }

  #search(request: StoreRequest, place: Place): StoreAnswer {
    const root = parseXml(request.body);
    const sql = find(root, 'sql')?.text;
    const query = sql === undefined ? undefined : parseQuery(sql);
    if (query === undefined) return { status: 400 };
    if (query.traversal === 'DEEP' && this.#options.deepQueries === false) return { status: 403 };
    const scope = this.#scopeOf(query, place);
    if (scope === undefined) return { status: 404 };
    const collblob = find(find(root, 'repl'), 'collblob');
    if (collblob !== undefined && this.#options.manifests !== false)
      return this.#manifest(request, { place: scope, query, collblob: collblob.text });
    const rows = this.#rows(scope, query);
    const { range } = request;
    if (range === undefined) return written(rows, request);
    const page = pageOf(range, rows.length);
    if (page === undefined) return { status: 416 };
    const answer = written(rows.slice(page.from, page.to + 1), request);
    const told = `rows ${String(page.from)}-${String(page.to)}; total=${String(rows.length)}`;
    return { ...answer, headers: { ...answer.headers, 'Accept-Ranges': 'rows', 'Content-Range': told } };
  }

  /** The query is bound to the collblob, and so is the folder. */
  #manifest(
    request: StoreRequest,
    { place, query, collblob }: { readonly place: Place; readonly query: StoreQuery; readonly collblob: string },
  ): StoreAnswer {
    if (place.resource.kind !== 'folder') return { status: 400 };
    const { mailbox, names, base } = place;
    const { folder } = place.resource;
    const bound = shortHash(`${String(this.#generation)} ${folder.id} ${query.bound}`);
    const [of = '', moment = '0'] = Buffer.from(collblob, 'base64').toString().split(' ');
    if (collblob !== '' && (of !== bound || !/^\d+$/.test(moment))) return { status: 400 };
    const changes = mailbox.changes(folder.id, collblob === '' ? 0 : Number(moment), Infinity);
    if (changes === null) return { status: 400 };
    const asked = query.columns.map(({ name, alias }) => ({ name, alias }));
    const resources = changes.changes.flatMap(({ id, item, kind }): WrittenResource[] => {
      if (kind === 'ReadFlagChange' && this.#options.manifestsTellReading !== true) return [];
      const changed = item === undefined ? undefined : this.#written(place, { kind: 'item', item }, asked);
      if (changed === undefined) return [deleted(`${base}${names.folderSegments(folder).map(segment).join('/')}`, id)];
      return query.matches(rowOf(changed)) ? [{ ...changed, changeType: 'change' }] : [];
    });
    const next = Buffer.from(`${bound} ${String(changes.until)}`).toString('base64');
    return written(resources, request, next);
  }

  #get(request: StoreRequest, { mailbox, resource }: Place): StoreAnswer {
    if (request.translates || resource.kind !== 'item') {
      const body = Buffer.from(
        `<html><head><BASE href="${request.origin}/exchange/${segment(this.#alias(mailbox))}/"></head></html>`,
      );
      return { status: 200, headers: { 'Content-Type': 'text/html' }, body };
    }
    const { item } = resource;
    if (item.problem !== undefined) return { status: 500 };
    const tellsLength = this.#options.tellsLength !== false;
    return { status: 200, headers: { 'Content-Type': 'message/rfc822' }, body: this.#readings.of(item), tellsLength };
  }

  /** The request's own place where the query names it, another one of the same mailbox else. */
  #scopeOf({ scope }: StoreQuery, place: Place): Place | undefined {
    const path = scope.replace(/^[a-z]+:\/\/[^/]*/i, '');
    if (path === '') return place;
    // Decoded or not: a name with a per cent sign decides by what there is.
    for (const segments of [decodedSegments(path), path.split('/').filter((part) => part !== '')]) {
      const [, name = '', ...below] = segments ?? [];
      const resource = this.#mailboxNamed(name) === place.mailbox ? place.names.find(below) : undefined;
      if (resource !== undefined) return { ...place, resource };
    }
    return undefined;
  }

  #rows(place: Place, query: StoreQuery): readonly WrittenResource[] {
    const asked = query.columns.map(({ name, alias }) => ({ name, alias }));
    const rows = this.#children(place, query.traversal)
      .map((resource) => this.#written(place, resource, asked))
      .filter((row) => query.matches(rowOf(row)));
    return rows.sort((a, b) => {
      for (const { name, descending } of query.order) {
        const order = compare(rowOf(a)(name) ?? '', rowOf(b)(name) ?? '');
        if (order !== 0) return descending ? -order : order;
      }
      return 0;
    });
  }

  #children({ mailbox, resource }: Place, traversal: 'SHALLOW' | 'DEEP'): readonly Resource[] {
    if (resource.kind === 'item') return [];
    const top = mailbox.wellKnown('msgfolderroot')?.id ?? '';
    const below = (parent: string): readonly Resource[] =>
      mailbox.folders
        .filter((folder) => folder.parent === parent && !folder.search)
        .flatMap((folder): Resource[] => [
          { kind: 'folder', folder },
          ...(traversal === 'DEEP' ? [...below(folder.id), ...items(folder.id)] : []),
        ]);
    const items = (folder: string): Resource[] => mailbox.items(folder).map((item) => ({ kind: 'item', item }));
    const from = resource.kind === 'root' ? top : resource.folder.id;
    return [...below(from), ...items(from)];
  }

  #written(place: Place, resource: Resource, asked: readonly AskedProperty[]): WrittenResource {
    const { mailbox, names, base } = place;
    const hrefOf = (segments: readonly string[]): string => `${base}${segments.map(segment).join('/')}`;
    switch (resource.kind) {
      case 'root': {
        const folderHref = (folder: PracticeFolder): string => hrefOf(names.folderSegments(folder));
        return { href: base, asked, properties: rootProperties(mailbox, folderHref, base) };
      }
      case 'folder': {
        const href = `${hrefOf(names.folderSegments(resource.folder))}/`;
        const arrivals = mailbox.items(resource.folder.id).map((item) => this.#arrivalOf(item));
        const nextArrival = Math.max(0, ...arrivals) + 1;
        return { href, asked, properties: folderProperties(mailbox, resource.folder, { href, nextArrival }) };
      }
      case 'item': {
        const href = hrefOf(names.itemSegments(resource.item));
        const isPermanent = this.#options.permanentUrls !== false;
        const permanentUrl = isPermanent ? hrefOf(names.permanentSegments(resource.item)) : undefined;
        const arrival = this.#arrivalOf(resource.item);
        return { href, asked, properties: itemProperties(resource.item, { href, permanentUrl, arrival }) };
      }
    }
  }

  #arrivalOf({ id }: PracticeItem): number {
    const arrival = this.#arrivals.get(id) ?? this.#arrivals.size + 1;
    this.#arrivals.set(id, arrival);
    return arrival;
  }

  #mailboxNamed(name: string): PracticeMailbox | undefined {
    const namesOf = this.#options.mailboxNames ?? ((mailbox) => [mailbox.address, this.#alias(mailbox)]);
    return this.#options.mailboxes.find((mailbox) => namesOf(mailbox).some((known) => isSameName(known, name)));
  }

  #alias({ address }: PracticeMailbox): string {
    return address.replace(/@.*$/, '');
  }

  #namesOf(mailbox: PracticeMailbox): StoreNames {
    const names = this.#names.get(mailbox.address) ?? new StoreNames(mailbox);
    this.#names.set(mailbox.address, names);
    return names;
  }
}

/** `CONTOSO\anna` has the mailbox that it may open, if that is one. */
function ownAddress({ name, opens }: PracticeAccount): string {
  const [only] = opens === '*' || opens.length !== 1 ? [] : opens;
  return name.includes('@') ? name : (only ?? '');
}

function rowOf({ properties }: WrittenResource): (name: string) => string | undefined {
  return (name) => properties.get(propertyName(name))?.value;
}

function deleted(folder: string, id: string): WrittenResource {
  const name = 'http://schemas.microsoft.com/repl/repl-uid';
  const properties = new Map([[name, { value: `rid:${shortHash(id)}` }]]);
  return { href: `${folder}/${shortHash(id)}`, changeType: 'delete', asked: [{ name }], properties };
}

function written(resources: readonly WrittenResource[], request: StoreRequest, collblob?: string): StoreAnswer {
  const text = multistatus(resources, { nameOf: propertyName, brief: request.brief, collblob });
  return { status: 207, headers: { 'Content-Type': 'text/xml' }, body: Buffer.from(text) };
}

/** `rows=0-199`, `rows=-50`, `rows=200-`; undefined: there are no such rows. */
function pageOf(range: string, count: number): { readonly from: number; readonly to: number } | undefined {
  const [, first = '', last = ''] = /^rows=(\d*)-(\d*)/.exec(range) ?? [];
  const from = first === '' ? Math.max(0, count - Number(last)) : Number(first);
  const to = first === '' || last === '' ? count - 1 : Math.min(Number(last), count - 1);
  return from > to && count > 0 ? undefined : { from, to };
}

/** The reader of XML knows no namespaces, and clients give them whatever prefixes they like. */
function askedProperties(body: string): readonly AskedProperty[] {
  const [, content = ''] = /<(?:[\w.-]+:)?prop\b[^>]*>([\s\S]*)<\/(?:[\w.-]+:)?prop>/.exec(body) ?? [];
  const declared = namespacesOf(body);
  return [...content.matchAll(/<(?:([\w.-]+):)?([\w.-]+)([^>]*)>/g)].map(([, prefix = '', name = '', rest = '']) => {
    const namespaces = new Map([...declared, ...namespacesOf(rest)]);
    return { name: `${namespaces.get(prefix) ?? ''}${name}` };
  });
}

function namespacesOf(text: string): ReadonlyMap<string, string> {
  const found = text.matchAll(/\bxmlns(?::([\w.-]+))?\s*=\s*["']([^"']*)["']/g);
  return new Map([...found].map(([, prefix = '', namespace = '']) => [prefix, namespace]));
}

/** Undefined: it is no path of a store. */
function decodedSegments(path: string): readonly string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map((part) => decodeURIComponent(part));
  } catch {
    return undefined;
  }
}

function segment(name: string): string {
  return encodeURIComponent(name);
}
