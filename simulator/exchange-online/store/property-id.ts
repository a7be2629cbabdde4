import { badRequest } from '../graph-failure.ts';

const types =
  'ApplicationTime|Binary|Boolean|CLSID|Currency|Double|Error|Float|Guid|Integer|Long|Null|Object|Short|String|SystemTime';
const shape = new RegExp(
  `^(?<type>(?:${types})(?:Array)?) (?:(?<tag>0x[0-9a-f]{1,4})|\\{(?<guid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\\} (?:Name (?<name>.+)|Id (?<lid>0x[0-9a-f]{1,8})))$`,
  'i',
);

/**
 * An extended property's id as Graph writes it back: `Integer 0xe07`, `String {guid} Name colour`. It keeps the name's
 * letters and shortens the numbers, so a client may not compare the id with the one that it sent.
 *
 * @see https://learn.microsoft.com/graph/api/resources/extended-properties-overview
 */
export function propertyId(id: string): string {
  const { type = '', tag, guid = '', name, lid } = shape.exec(id)?.groups ?? {};
  if (type === '') throw badRequest(`The property id '${id}' is invalid.`, 'ErrorInvalidProperty');
  const written = type.charAt(0).toUpperCase() + type.slice(1);
  if (tag !== undefined) return `${written} ${shortened(tag)}`;
  const of = `${written} {${guid.toLowerCase()}}`;
  return name === undefined ? `${of} Id ${shortened(lid ?? '0x0')}` : `${of} Name ${name}`;
}

function shortened(number: string): string {
  return `0x${Number.parseInt(number, 16).toString(16)}`;
}

const values: Readonly<Record<string, RegExp>> = {
  Integer: /^-?\d{1,10}$/,
  Short: /^-?\d{1,5}$/,
  Long: /^-?\d{1,19}$/,
  Boolean: /^(true|false|True|False)$/,
  SystemTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?$/,
  Binary: /^[A-Za-z0-9+/]*={0,2}$/,
};

/** The value as it is kept; 400 where it does not fit the id's type. */
export function propertyValue(id: string, value: string): string {
  const type = id.slice(0, id.indexOf(' '));
  if (values[type]?.test(value) === false)
    throw badRequest(`The value of the extended property '${id}' does not fit its type.`, 'ErrorInvalidPropertyValue');
  if (type === 'SystemTime')
    return `${new Date(/(Z|[+-]\d\d:\d\d)$/.test(value) ? value : `${value}Z`).toISOString().slice(0, 19)}Z`;
  return type === 'Boolean' ? value.toLowerCase() : value;
}
