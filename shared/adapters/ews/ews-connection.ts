import { ConfigurationError } from '../../domain/errors.ts';
import type { ExchangeServer } from '../../domain/endpoint.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { escapeXml } from '../exchange-http/escape-xml.ts';
import type { ConnectionSettings } from '../exchange-http/exchange-http.ts';
import { Turns } from '../turns.ts';
import { problemError, type EwsProblem } from './ews-errors.ts';
import { EwsTransport } from './ews-transport.ts';
import { AnswerReader, childOf, find, textOf, type XmlElement } from './xml/xml-element.ts';

/** RequestServerVersion values that this adapter asks with. */
export type SchemaVersion = 'Exchange2007_SP1' | 'Exchange2010' | 'Exchange2010_SP1';

export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

export interface EwsCall {
  /** `GetItem` */
  readonly operation: string;
  /** The operation's element, with the prefixes `m` and `t`. */
  readonly body: string;
  /** Awaited before more of the answer is read: back-pressure. */
  readonly onMessage: (message: XmlElement) => void | Promise<void>;
}

export interface EwsSettings extends ConnectionSettings {
  readonly server: ExchangeServer;
  /** In whose place an administrator's account acts; undefined: in nobody's. */
  readonly impersonate: string | undefined;
}

/** Calls of EWS, one after the other in the order in which they were made, whoever makes them. */
export class EwsConnection {
  readonly transport: EwsTransport;
  readonly #impersonate: string | undefined;
  #schema: SchemaVersion = 'Exchange2007_SP1';
  #version: ServerVersion | undefined;
  readonly #turns = new Turns();

  constructor(settings: EwsSettings) {
    this.transport = new EwsTransport(settings);
    this.#impersonate = settings.impersonate;
  }

  /** As the server said of itself with its last answer. */
  get version(): ServerVersion | undefined {
    return this.#version;
  }

  get schema(): SchemaVersion {
    return this.#schema;
  }

  close(): void {
    this.transport.close();
  }

  /**
   * The answer without the messages that were handed out. Rejects for a SOAP fault; errors of single items and folders
   * come as messages.
   */
  call(call: EwsCall): Promise<XmlElement> {
    return this.#turns.take(() => this.#call(call));
  }

  async #call({ operation, body, onMessage }: EwsCall): Promise<XmlElement> {
    const answer = await this.transport.post(this.#envelope(body), {
      'Content-Type': 'text/xml; charset=utf-8',
      SOAPAction: `"http://schemas.microsoft.com/exchange/services/2006/messages/${operation}"`,
      Accept: 'text/xml',
      'Accept-Encoding': 'gzip',
      'User-Agent': 'Stagecoach',
      ...(this.#impersonate === undefined ? {} : { 'X-AnchorMailbox': this.#impersonate }),
    });
    const reader = new AnswerReader();
    for await (const octets of answer.body) {
      for (const message of reader.push(octets)) await onMessage(message);
    }
    const root = reader.end();
    this.#noteVersion(find(root, 'ServerVersionInfo'));
    const fault = find(root, 'Fault');
    if (fault !== undefined) throw problemError(faultProblem(fault), this.transport.host);
    if (root.name !== 'Envelope') {
      const message = at(this.transport.host, 'the answer is no SOAP; correct source.ewsUrl');
      throw new ConfigurationError({ code: 'SOURCE_NOT_EWS', message });
    }
    return root;
  }

  #envelope(body: string): string {
    const impersonation =
      this.#impersonate === undefined
        ? ''
        : `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>${escapeXml(this.#impersonate)}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`;
    return (
      '<?xml version="1.0" encoding="utf-8"?>' +
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"' +
      ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"' +
      ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">' +
      `<s:Header><t:RequestServerVersion Version="${this.#schema}"/>${impersonation}</s:Header>` +
      `<s:Body>${body}</s:Body></s:Envelope>`
    );
  }

  /** Every answer says which server gave it; the first one, in the oldest schema, decides how the rest are asked. */
  #noteVersion(info: XmlElement | undefined): void {
    if (info === undefined) return;
    const number = (name: string): number => Number(info.attributes[name] ?? 0);
    const version = {
      major: number('MajorVersion'),
      minor: number('MinorVersion'),
      build: number('MajorBuildNumber'),
    };
    this.#version = version;
    this.#schema = schemaFor(version);
  }
}

export function versionText({ major, minor, build }: ServerVersion): string {
  return [major, minor, build].map(String).join('.');
}

/** 8 is Exchange 2007, 14.0 Exchange 2010, 14.1 its Service Pack 1; newer ones know the schemas of older ones. */
function schemaFor({ major, minor }: ServerVersion): SchemaVersion {
  if (major < 14) return 'Exchange2007_SP1';
  return major === 14 && minor === 0 ? 'Exchange2010' : 'Exchange2010_SP1';
}

function faultProblem(fault: XmlElement): EwsProblem {
  const detail = childOf(fault, 'detail');
  const code = textOf(detail, 'ResponseCode') ?? (textOf(fault, 'faultcode') ?? '').replace(/^.*:/, '');
  const text = textOf(detail, 'Message') ?? textOf(fault, 'faultstring') ?? '';
  return { code, text, backOffMs: backOffOf(detail) };
}

/** Undefined for a success. */
export function problemOf(message: XmlElement): EwsProblem | undefined {
  const code = textOf(message, 'ResponseCode') ?? 'NoError';
  if (message.attributes['ResponseClass'] !== 'Error' && code === 'NoError') return undefined;
  const backOffMs = backOffOf(message);
  return { code: innerBusy(message) ? 'ErrorServerBusy' : code, text: textOf(message, 'MessageText') ?? '', backOffMs };
}

function valuesOf(element: XmlElement | undefined): readonly XmlElement[] {
  return childOf(element, 'MessageXml')?.children.filter(({ name }) => name === 'Value') ?? [];
}

function backOffOf(element: XmlElement | undefined): number | undefined {
  const value = valuesOf(element).find(({ attributes }) => attributes['Name'] === 'BackOffMilliseconds');
  const milliseconds = Number(value?.text);
  return value !== undefined && Number.isFinite(milliseconds) && milliseconds > 0 ? milliseconds : undefined;
}

/** Throttling may come wrapped as an internal error whose inner code is ErrorServerBusy. */
function innerBusy(message: XmlElement): boolean {
  return valuesOf(message).some(({ text }) => text === 'ErrorServerBusy');
}

/** For callers that ask one thing and can do nothing with an error of it. */
export function rightOrThrow(message: XmlElement, host: string): XmlElement {
  const problem = problemOf(message);
  if (problem !== undefined) throw problemError(problem, host);
  return message;
}
