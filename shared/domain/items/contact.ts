import { z } from 'zod';
import { Day, itemCommon } from './item-parts.ts';

export const PhoneKind = z.enum([
  'business',
  'business2',
  'home',
  'home2',
  'mobile',
  'assistant',
  'callback',
  'car',
  'company-main',
  'business-fax',
  'home-fax',
  'other-fax',
  'isdn',
  'other',
  'pager',
  'primary',
  'radio',
  'telex',
  'tty-tdd',
]);
export type PhoneKind = z.infer<typeof PhoneKind>;

export const PostalAddress = z.strictObject({
  kind: z.enum(['business', 'home', 'other']),
  street: z.string().optional(),
  city: z.string().optional(),
  state: z.string().optional(),
  postalCode: z.string().optional(),
  country: z.string().optional(),
});
export type PostalAddress = z.infer<typeof PostalAddress>;

export const ContactAddress = z.strictObject({
  /** Which of the three address fields of a contact it stands in. */
  slot: z.int().min(1).max(3),
  /** SMTP where `type` is; an EX address that could not be resolved stays what it is. */
  address: z.string(),
  name: z.string(),
  type: z.enum(['smtp', 'ex', 'other']),
});
export type ContactAddress = z.infer<typeof ContactAddress>;

export const Contact = z.strictObject({
  kind: z.literal('contact'),
  displayName: z.string(),
  fileAs: z.string().optional(),
  /** `Dr.` */
  title: z.string().optional(),
  givenName: z.string().optional(),
  middleName: z.string().optional(),
  surname: z.string().optional(),
  /** `Jr.` */
  suffix: z.string().optional(),
  initials: z.string().optional(),
  nickName: z.string().optional(),
  yomiGivenName: z.string().optional(),
  yomiSurname: z.string().optional(),
  yomiCompany: z.string().optional(),
  company: z.string().optional(),
  department: z.string().optional(),
  office: z.string().optional(),
  jobTitle: z.string().optional(),
  profession: z.string().optional(),
  manager: z.string().optional(),
  assistantName: z.string().optional(),
  spouseName: z.string().optional(),
  children: z.array(z.string()),
  emails: z.array(ContactAddress),
  imAddresses: z.array(z.string()),
  phones: z.array(z.strictObject({ kind: PhoneKind, number: z.string() })),
  addresses: z.array(PostalAddress),
  businessHomePage: z.string().optional(),
  personalHomePage: z.string().optional(),
  birthday: Day.optional(),
  anniversary: Day.optional(),
  mileage: z.string().optional(),
  billingInformation: z.string().optional(),
  /** Octets of the picture, base64 without line ends, and what they are. */
  picture: z.strictObject({ contentType: z.string(), content: z.base64() }).optional(),
  ...itemCommon,
});
export type Contact = z.infer<typeof Contact>;
