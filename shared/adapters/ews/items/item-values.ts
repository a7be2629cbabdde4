import { Importance, Sensitivity, type ItemAttachment, type ItemBody } from '../../../domain/items/item-parts.ts';
import { dayOf } from '../../../domain/items/time-zones.ts';
import { propertyOf } from '../xml/extended-property.ts';
import { childOf, textOf, type XmlElement } from '../xml/xml-element.ts';
import { isTrueText, momentOfText } from '../xml/xml-values.ts';
import { lastModified } from './item-requests.ts';

/** An item whose properties make no sense: it is listed as one that could not be converted. */
export class UnusableItemError extends Error {
  override readonly name = 'UnusableItemError';
}

/** Undefined also where it is empty. */
export function given(element: XmlElement | undefined, name: string): string | undefined {
  const text = textOf(element, name);
  return text === undefined || text === '' ? undefined : text;
}

/** A property and its value, or nothing where there is none. */
export function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  const entry: Partial<Record<Name, Value>> = {};
  if (value !== undefined) entry[name] = value;
  return entry;
}

export function isTrue(element: XmlElement | undefined, name: string): boolean {
  return isTrueText(textOf(element, name));
}

export function stringsOf(element: XmlElement | undefined, name: string): string[] {
  return (childOf(element, name)?.children ?? []).filter((child) => child.name === 'String').map(({ text }) => text);
}

export function momentOf(element: XmlElement | undefined, name: string): Date | undefined {
  return momentOfText(textOf(element, name));
}

export function dayIn(item: XmlElement, name: string): string | undefined {
  const moment = momentOf(item, name);
  return moment === undefined ? undefined : dayOf(moment);
}

export function stamp(moment: Date | undefined): string | undefined {
  return moment?.toISOString().replace('.000Z', 'Z');
}

/** Undefined: it is none of them. */
export function oneOf<Value extends string>(
  text: string | undefined,
  values: Readonly<Record<string, Value>>,
): Value | undefined {
  return text === undefined ? undefined : values[text];
}

interface CommonFields {
  readonly categories: string[];
  readonly importance: Importance;
  readonly sensitivity: Sensitivity;
  readonly body?: ItemBody;
  readonly attachments: ItemAttachment[];
  readonly missingAttachments: string[];
}

type Importance = (typeof Importance)['options'][number];
type Sensitivity = (typeof Sensitivity)['options'][number];

export interface ReadAttachments {
  readonly attachments: readonly ItemAttachment[];
  readonly missing: readonly string[];
}

export function commonOf(element: XmlElement, { attachments, missing }: ReadAttachments): CommonFields {
  const body = bodyOf(element);
  return {
    categories: stringsOf(element, 'Categories'),
    importance: Importance.safeParse(textOf(element, 'Importance')?.toLowerCase()).data ?? 'normal',
    sensitivity: Sensitivity.safeParse(textOf(element, 'Sensitivity')?.toLowerCase()).data ?? 'normal',
    ...(body === undefined ? {} : { body }),
    attachments: [...attachments],
    missingAttachments: [...missing],
  };
}

export function datesOf(element: XmlElement): { readonly created?: string; readonly modified?: string } {
  return {
    ...optional('created', stamp(momentOf(element, 'DateTimeCreated'))),
    ...optional('modified', stamp(momentOfText(propertyOf(element, lastModified)))),
  };
}

function bodyOf(element: XmlElement): ItemBody | undefined {
  const body = childOf(element, 'Body');
  if (body === undefined || body.text === '') return undefined;
  return { type: body.attributes['BodyType'] === 'HTML' ? 'html' : 'text', content: body.text };
}

/** `PT1H30M`, `-PT60M` (xs:duration without days) in minutes; undefined: it is none. */
export function durationMinutes(text: string | undefined): number | undefined {
  const [, minus, hours, minutes] = /^(-?)PT(?:(\d+)H)?(?:(\d+)M)?(?:[\d.]+S)?$/.exec(text ?? '') ?? [];
  if (minus === undefined) return undefined;
  const total = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return minus === '-' && total !== 0 ? -total : total;
}
