import type { JsonObject } from '../json-object.ts';
import type { ItemView } from './shown-item.ts';

const texts = [
  'assistantName',
  'birthday',
  'businessHomePage',
  'companyName',
  'department',
  'displayName',
  'fileAs',
  'generation',
  'givenName',
  'initials',
  'jobTitle',
  'manager',
  'middleName',
  'mobilePhone',
  'nickName',
  'officeLocation',
  'personalNotes',
  'profession',
  'spouseName',
  'surname',
  'title',
  'yomiCompanyName',
  'yomiGivenName',
  'yomiSurname',
];
const lists = ['businessPhones', 'categories', 'children', 'emailAddresses', 'homePhones', 'imAddresses'];
const unset: JsonObject = {
  ...Object.fromEntries(texts.map((name) => [name, null])),
  ...Object.fromEntries(lists.map((name) => [name, []])),
  personalNotes: '',
  businessAddress: {},
  homeAddress: {},
  otherAddress: {},
};

export const contactView: ItemView = {
  properties: (item) => ({ ...unset, ...item.properties, parentFolderId: item.folder }),
  computed: () => new Map(),
};
