import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { element, integer, readAll, readElement, readInteger, sequence, tags, text, type Element } from './der.ts';
import { matches } from './ldap-filter.ts';
import type { PracticeEntry } from './practice-entry.ts';
import { mayWrite, results, type PracticeTree, type Rights } from './practice-tree.ts';

/** Who may sign in, by any of these names; the password is compared with what the client sends. */
export interface PracticeAccount {
  /** User principal name, `CONTOSO\\name`, distinguished name; without regard to case. */
  readonly names: readonly string[];
  readonly password: string;
  readonly rights: Rights;
  /** Why its sign-in is refused: the sub-code of Active Directory, `533` for a disabled account. */
  readonly refusal?: string | undefined;
}

export interface ConnectionWorld {
  readonly tree: PracticeTree;
  readonly accounts: readonly PracticeAccount[];
  readonly certificate: { readonly key: string; readonly cert: string };
  readonly hostName: string;
  /** Asked at each modification, before it is made. */
  readonly fateOfModification: () => ModificationFate;
}

/**
 * What becomes of a modification: made and answered; its connection is lost before it is made, or after; refused since
 * another domain controller keeps the object, or since this one is busy.
 */
export type ModificationFate = 'answered' | 'lost-before' | 'lost-after' | 'referred' | 'busy';

const oids = {
  startTls: '1.3.6.1.4.1.1466.20037',
  pagedResults: '1.2.840.113556.1.4.319',
  activeDirectory: '1.2.840.113556.1.4.800',
};

/** An entry of a search at most, where the client does not page (MaxPageSize of Active Directory). */
const entriesAtMost = 1_000;

interface Request {
  readonly id: number;
  readonly operation: Element;
  readonly controls: readonly Element[];
}

/** One client: LDAP version 3 (RFC 4511) with simple bind, search, modify, StartTLS and paged results (RFC 2696). */
export class DirectoryConnection {
  readonly #world: ConnectionWorld;
  readonly #raw: Socket;
  #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #account: PracticeAccount | undefined;
  readonly #take = (octets: Buffer): void => this.#read(octets);

  constructor(socket: Socket, world: ConnectionWorld) {
    this.#world = world;
    this.#raw = socket;
    this.#socket = socket;
    this.#listen(socket);
  }

  close(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    // Clients may go as they like.
    socket.on('error', () => socket.destroy());
    socket.on('data', this.#take);
  }

  #read(octets: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, octets]);
    try {
      for (let next = readElement(this.#pending); next !== undefined; next = readElement(this.#pending)) {
        this.#pending = next.rest;
        this.#handle(requestOf(next.element));
      }
    } catch {
      // Not LDAP: RFC 4511 section 5.3 lets the server end the session.
      this.close();
    }
  }

  #handle({ id, operation, controls }: Request): void {
    const { tag } = operation;
    switch (tag) {
      case 0x60: {
        this.#bind(id, operation);
        return;
      }
      case 0x42: {
        this.close();
        return;
      }
      case 0x50:
        return;
      case 0x63: {
        this.#search(id, operation, controls);
        return;
      }
      case 0x66: {
        this.#modify(id, operation);
        return;
      }
      case 0x77: {
        this.#extended(id, operation);
        return;
      }
      default: {
        this.#answer(id, tag + 1, results.unwillingToPerform);
        return;
      }
    }
  }

  #bind(id: number, { content }: Element): void {
    const [, name, credentials] = readAll(content);
    const given = { name: name?.content.toString().toLowerCase(), password: credentials?.content.toString() };
    if (credentials?.tag !== 0x80) {
      this.#answer(id, 0x61, results.unwillingToPerform);
      return;
    }
    // RFC 4513 section 5.1.2: a name without a password signs nobody in.
    if (given.password === '') {
      this.#answer(id, 0x61, results.success);
      return;
    }
    const isSecured = this.#socket instanceof TLSSocket;
    if (!isSecured) {
      this.#answer(id, 0x61, results.strongerAuthRequired);
      return;
    }
    const account = this.#world.accounts.find(
      ({ names, password }) => names.some((known) => known.toLowerCase() === given.name) && password === given.password,
    );
    const refusal = account === undefined ? '52e' : account.refusal;
    if (refusal !== undefined) {
      const reason = `80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data ${refusal}, v3839`;
      this.#answer(id, 0x61, results.invalidCredentials, reason);
      return;
    }
    this.#account = account;
    this.#answer(id, 0x61, results.success);
  }

  #search(id: number, { content }: Element, controls: readonly Element[]): void {
    const [base, scope, , size, , , filter, wanted] = readAll(content);
    if (base === undefined || scope === undefined || size === undefined || filter === undefined) {
      this.#answer(id, 0x65, results.protocolError);
      return;
    }
    const names = wanted === undefined ? [] : readAll(wanted.content).map((name) => name.content.toString());
    const name = base.content.toString();
    const scopeNumber = readInteger(scope);
    if (name === '' && scopeNumber === 0) {
      this.#send(id, rootDse(this.#world, names));
      this.#answer(id, 0x65, results.success);
      return;
    }
    if (this.#account === undefined) {
      this.#answer(id, 0x65, results.operationsError, 'a successful bind must be completed on the connection');
      return;
    }
    const root = this.#world.tree.find(name);
    if (root === undefined) {
      this.#answer(id, 0x65, results.noSuchObject);
      return;
    }
    const all = scopeNumber === 0 ? [root] : this.#world.tree.below(root.dn);
    const found = all.filter((entry) => isInScope(entry, root, scopeNumber) && matches(filter, entry));
    this.#sendFound(id, { found, names, limit: readInteger(size), paging: pagingOf(controls) });
    if (scopeNumber === 2 && root.dn === this.#world.tree.base) this.#sendReferral(id);
    this.#finishSearch(id, { found, limit: readInteger(size), paging: pagingOf(controls) });
  }

  #sendFound(id: number, { found, names, limit, paging }: FoundEntries & { readonly names: readonly string[] }): void {
    const { rights } = this.#account ?? { rights: [] };
    for (const entry of pageOf({ found, limit, paging })) this.#send(id, entryElement(entry, names, rights));
  }

  /** What another naming context holds is said to be elsewhere. */
  #sendReferral(id: number): void {
    const { tree } = this.#world;
    const domain = tree.base.replace(/DC=/gi, '').replaceAll(',', '.');
    this.#send(id, element(0x73, text(`ldaps://${domain}/${tree.configuration}`)));
  }

  #finishSearch(id: number, { found, limit, paging }: FoundEntries): void {
    const sent = pageOf({ found, limit, paging }).length;
    if (paging === undefined) {
      const isWhole = sent === found.length;
      this.#answer(id, 0x65, isWhole ? results.success : results.sizeLimitExceeded);
      return;
    }
    const next = paging.from + sent;
    const cookie = next < found.length ? String(next) : '';
    const control = sequence(
      text(oids.pagedResults),
      element(tags.octets, sequence(integer(found.length), text(cookie))),
    );
    this.#send(id, resultElement(0x65, results.success, ''), control);
  }

  #modify(id: number, { content }: Element): void {
    const [name, changes] = readAll(content);
    if (name === undefined || changes === undefined) {
      this.#answer(id, 0x67, results.protocolError);
      return;
    }
    if (this.#account === undefined) {
      this.#answer(id, 0x67, results.operationsError);
      return;
    }
    const { tree, fateOfModification } = this.#world;
    const fate = fateOfModification();
    if (fate === 'referred' || fate === 'busy') {
      this.#answer(id, 0x67, fate === 'busy' ? results.busy : results.referral);
      return;
    }
    const result =
      fate === 'lost-before' ? undefined : tree.modify(name.content.toString(), changes, this.#account.rights);
    if (fate === 'answered' && result !== undefined) this.#answer(id, 0x67, result);
    else this.close();
  }

  #extended(id: number, { content }: Element): void {
    const [name] = readAll(content);
    const isStartTls = name?.content.toString() === oids.startTls && !(this.#socket instanceof TLSSocket);
    if (!isStartTls) {
      this.#answer(id, 0x78, results.protocolError);
      return;
    }
    const plain = this.#socket;
    plain.off('data', this.#take);
    this.#answer(id, 0x78, results.success);
    this.#listen(new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(this.#world.certificate) }));
  }

  #answer(id: number, tag: number, result: number, reason = ''): void {
    this.#send(id, resultElement(tag, result, reason));
  }

  #send(id: number, operation: Buffer, control?: Buffer): void {
    const controls = control === undefined ? [] : [element(0xa0, control)];
    if (this.#socket.writable) this.#socket.write(sequence(integer(id), operation, ...controls));
  }
}

function requestOf({ content }: Element): Request {
  const [id, operation, controls] = readAll(content);
  if (id === undefined || operation === undefined) throw new Error('A message without an operation.');
  return { id: readInteger(id), operation, controls: controls === undefined ? [] : readAll(controls.content) };
}

function resultElement(tag: number, result: number, reason: string): Buffer {
  return element(tag, integer(result, tags.enumerated), text(''), text(reason));
}

interface Paging {
  readonly size: number;
  readonly from: number;
}

interface FoundEntries {
  readonly found: readonly PracticeEntry[];
  /** 0: as many as there are. */
  readonly limit: number;
  readonly paging: Paging | undefined;
}

function pageOf({ found, limit, paging }: FoundEntries): readonly PracticeEntry[] {
  if (paging !== undefined) return found.slice(paging.from, paging.from + Math.min(paging.size, entriesAtMost));
  return found.slice(0, limit === 0 ? entriesAtMost : Math.min(limit, entriesAtMost));
}

/** The cookie is the number of entries that went before: the practice directory is small and forgets nothing. */
function pagingOf(controls: readonly Element[]): Paging | undefined {
  for (const control of controls) {
    const [type, ...others] = readAll(control.content);
    const value = others.find(({ tag }) => tag === tags.octets);
    if (type?.content.toString() !== oids.pagedResults || value === undefined) continue;
    const [inner] = readAll(value.content);
    const [size, cookie] = inner === undefined ? [] : readAll(inner.content);
    return { size: size === undefined ? 0 : readInteger(size), from: Number(cookie?.content.toString() ?? '') };
  }
  return undefined;
}

function isInScope(entry: PracticeEntry, root: PracticeEntry, scope: number): boolean {
  if (scope === 0) return entry === root;
  if (scope === 2) return true;
  const parent = entry.dn.slice(entry.dn.indexOf(',') + 1);
  return parent.toLowerCase() === root.dn.toLowerCase();
}

function entryElement(entry: PracticeEntry, names: readonly string[], rights: Rights): Buffer {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const isAll = wanted.size === 0 || wanted.has('*');
  const kept = entry.attributes.filter(({ name }) => isAll || wanted.has(name.toLowerCase()));
  const writable = wanted.has('allowedattributeseffective') ? writableOf(entry, rights) : [];
  const attributes = [...kept, ...writable].map(({ name, values }) => attributeElement(name, values));
  return element(0x64, text(entry.dn), sequence(...attributes));
}

/** Made when it is asked for, and left out when it is empty ([MS-ADTS] section 3.1.1.4.5.22). */
function writableOf(entry: PracticeEntry, rights: Rights): readonly { name: string; values: readonly Buffer[] }[] {
  const names = rights === 'everything' ? ['targetAddress', ...entry.attributes.map(({ name }) => name)] : rights;
  const values = [...new Set(names)].filter((name) => mayWrite(rights, entry, name)).map((name) => Buffer.from(name));
  return values.length === 0 ? [] : [{ name: 'allowedAttributesEffective', values }];
}

function attributeElement(name: string, values: readonly Buffer[]): Buffer {
  return sequence(text(name), element(tags.set, ...values.map((value) => element(tags.octets, value))));
}

function rootDse({ tree, hostName }: ConnectionWorld, names: readonly string[]): Buffer {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const all: readonly (readonly [string, readonly string[]])[] = [
    ['defaultNamingContext', [tree.base]],
    ['rootDomainNamingContext', [tree.base]],
    ['configurationNamingContext', [tree.configuration]],
    ['schemaNamingContext', [tree.schema]],
    ['namingContexts', [tree.base, tree.configuration, tree.schema]],
    ['dnsHostName', [hostName]],
    ['supportedLDAPVersion', ['3']],
    ['supportedControl', [oids.pagedResults]],
    ['supportedExtension', [oids.startTls]],
    ['supportedCapabilities', [oids.activeDirectory]],
  ];
  const kept = all.filter(([name]) => wanted.size === 0 || wanted.has('*') || wanted.has(name.toLowerCase()));
  return element(
    0x64,
    text(''),
    sequence(
      ...kept.map(([name, values]) =>
        attributeElement(
          name,
          values.map((value) => Buffer.from(value)),
        ),
      ),
    ),
  );
}
