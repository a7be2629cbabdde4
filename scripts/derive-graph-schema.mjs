// Derives what the practice Exchange Online checks requests with from Microsoft's published description of Graph:
//
//   git clone --depth 1 https://github.com/microsoftgraph/msgraph-metadata
//   node scripts/derive-graph-schema.mjs msgraph-metadata/clean_v10_metadata/cleanMetadata.xml <commit of that clone>
//
// Writes simulator/exchange-online/schema/graph-schema.ts: one JSON schema with the types and actions named below and
// what they refer to. The description is under the MIT licence; its notice lies beside the schema.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';

const roots = [
  'message',
  'event',
  'contact',
  'mailFolder',
  'contactFolder',
  'calendar',
  'attachment',
  'todoTaskList',
  'todoTask',
  'linkedResource',
  'checklistItem',
  'taskFileAttachment',
  'mailboxSettings',
  'mailboxFolder',
  'user',
];
/** Navigation properties that a body may hold; what others name has addresses of its own. */
const deepInserts = new Set([
  'attachments',
  'checklistItems',
  'item',
  'linkedResources',
  'multiValueExtendedProperties',
  'singleValueExtendedProperties',
]);
/** What stands in place of an abstract type. */
const concrete = {
  attachment: ['fileAttachment', 'itemAttachment', 'referenceAttachment'],
  attachmentBase: ['taskFileAttachment'],
  outlookItem: ['message', 'event', 'contact'],
};
/** Actions by name and by what they are bound to. */
const actions = [
  ['assignLicense', 'graph.user'],
  ['createUploadSession', 'Collection(graph.attachment)'],
  ['move', 'graph.message'],
];
const simple = {
  'Edm.String': { type: 'string' },
  'Edm.Boolean': { type: 'boolean' },
  'Edm.Int16': { type: 'integer', minimum: -32_768, maximum: 32_767 },
  'Edm.Int32': { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  'Edm.Int64': { type: 'integer' },
  'Edm.Double': { type: 'number' },
  'Edm.Single': { type: 'number' },
  'Edm.Decimal': { type: 'number' },
  'Edm.Guid': { type: 'string', pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' },
  'Edm.Binary': { type: 'string', pattern: '^[A-Za-z0-9+/_-]*={0,2}$' },
  'Edm.Date': { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' },
  'Edm.TimeOfDay': { type: 'string', pattern: '^\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,7})?)?$' },
  'Edm.Duration': { type: 'string', pattern: '^-?P' },
  'Edm.DateTimeOffset': {
    type: 'string',
    pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,12})?)?(Z|[+-]\\d\\d:\\d\\d)$',
  },
};

const [csdlFile, commit] = process.argv.slice(2);
if (csdlFile === undefined || !/^[0-9a-f]{40}$/.test(commit ?? '')) {
  process.stderr.write('usage: derive-graph-schema.mjs <cleanMetadata.xml> <commit>\n');
  process.exit(2);
}
const model = readModel(readFileSync(csdlFile, 'utf8'));
const definitions = {};
for (const root of roots) define(root);
for (const [name, boundTo] of actions) definitions[name] = actionSchema(name, boundTo);

const folder = join(dirname(fileURLToPath(import.meta.url)), '../simulator/exchange-online/schema');
const schema = {
  definitions: Object.fromEntries(Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1))),
};
const module = `/**
 * Derived by scripts/derive-graph-schema.mjs from clean_v10_metadata/cleanMetadata.xml of
 * https://github.com/microsoftgraph/msgraph-metadata at ${commit}.
 * Copyright (c) 2018 Microsoft Graph, MIT licence: see msgraph-metadata-license.txt. A module, not a .json file, because
 * what runs the tests and what bundles the program disagree on how one is imported.
 */
export const graphSchema = ${JSON.stringify(schema)};
`;
const file = join(folder, 'graph-schema.ts');
const options = await prettier.resolveConfig(file);
writeFileSync(file, await prettier.format(module, { ...options, filepath: file }));
process.stdout.write(`${Object.keys(definitions).length} definitions\n`);

/** Types and actions of the namespace microsoft.graph, by a walk over its tags: the file is flat and well-formed. */
function readModel(xml) {
  const graph = xml.slice(xml.indexOf('Namespace="microsoft.graph"'), xml.indexOf('</Schema>'));
  const found = { types: new Map(), enums: new Map(), actions: [] };
  let open;
  for (const [, name, text] of graph.matchAll(/<([A-Za-z]+)((?:\s+[\w.]+="[^"]*")*)\s*\/?>/g)) {
    const attributes = Object.fromEntries(
      [...text.matchAll(/([\w.]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    );
    if (name === 'EntityType' || name === 'ComplexType') {
      open = { ...attributes, properties: [] };
      found.types.set(attributes.Name, open);
    } else if (name === 'EnumType') {
      open = { ...attributes, members: [] };
      found.enums.set(attributes.Name, open);
    } else if (name === 'Action') {
      open = { ...attributes, parameters: [] };
      found.actions.push(open);
    } else if (name === 'Function' || name === 'EntityContainer' || name === 'Term') open = undefined;
    else if (name === 'Property' || name === 'NavigationProperty') open?.properties?.push({ ...attributes, tag: name });
    else if (name === 'Member') open?.members?.push(attributes.Name);
    else if (name === 'Parameter') open?.parameters?.push(attributes);
  }
  return found;
}

function define(name) {
  if (name in definitions) return;
  // Named before it is filled: types refer to each other in circles.
  definitions[name] = {};
  definitions[name] = concrete[name] === undefined ? typeSchema(name) : anyOf(name);
}

/** One of several types, told apart by `@odata.type`. */
function anyOf(name) {
  const names = concrete[name];
  for (const one of names) define(one);
  return {
    type: 'object',
    required: ['@odata.type'],
    properties: { '@odata.type': { enum: names.map((one) => `#microsoft.graph.${one}`) } },
    allOf: names.map((one) => ({
      if: { properties: { '@odata.type': { const: `#microsoft.graph.${one}` } } },
      then: { $ref: `#/definitions/${one}` },
    })),
  };
}

/** Outlook's types are open in the description, yet the service refuses properties that it does not know. */
function typeSchema(name) {
  const properties = Object.fromEntries(
    propertiesOf(name)
      .filter((property) => property.tag === 'Property' || deepInserts.has(property.Name))
      .map((property) => [property.Name, valueSchema(property)])
      .filter(([, schema]) => schema !== undefined),
  );
  return {
    type: 'object',
    properties: { '@odata.type': { const: `#microsoft.graph.${name}` }, ...properties },
    patternProperties: { '@odata\\.(?!type$)|.@odata\\.type$': {} },
    additionalProperties: false,
  };
}

function propertiesOf(name) {
  const type = model.types.get(name);
  if (type === undefined) throw new Error(`no type ${name} in the description`);
  const inherited = type.BaseType === undefined ? [] : propertiesOf(type.BaseType.replace(/^graph\./, ''));
  return [...inherited, ...type.properties];
}

function valueSchema({ Type, Nullable }) {
  const [, inner] = /^Collection\((.+)\)$/.exec(Type) ?? [];
  if (inner !== undefined) {
    const items = oneSchema(inner);
    return items === undefined ? undefined : { type: 'array', items };
  }
  const schema = oneSchema(Type);
  if (schema === undefined || Nullable === 'false') return schema;
  return '$ref' in schema || 'enum' in schema
    ? { anyOf: [schema, { type: 'null' }] }
    : { ...schema, type: [schema.type, 'null'] };
}

function oneSchema(type) {
  if (type.startsWith('Edm.')) return simple[type];
  const name = type.replace(/^graph\./, '');
  const enumeration = model.enums.get(name);
  if (enumeration !== undefined) return { enum: enumeration.members };
  if (!model.types.has(name)) return undefined;
  define(name);
  return { $ref: `#/definitions/${name}` };
}

/** Parameters of an action, under their names with a large and a small first letter: the service takes both. */
function actionSchema(name, boundTo) {
  const action = model.actions.find(
    (candidate) => candidate.Name === name && candidate.parameters.some(({ Type }) => Type === boundTo),
  );
  if (action === undefined) throw new Error(`no action ${name} of ${boundTo} in the description`);
  const parameters = action.parameters.filter(({ Type }) => Type !== boundTo);
  const small = (text) => text.charAt(0).toLowerCase() + text.slice(1);
  const names = ({ Name }) => [...new Set([Name, small(Name)])];
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.flatMap((one) => names(one).map((key) => [key, valueSchema(one)]))),
    allOf: parameters.map((one) => ({ anyOf: names(one).map((key) => ({ required: [key] })) })),
    additionalProperties: false,
  };
}
