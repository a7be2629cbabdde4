/** What is written of a message, as Graph names it. */
export interface GraphRecipient {
  readonly emailAddress: { readonly name?: string; readonly address: string };
}

/** `"{type} {proptag}"` or `"{type} {guid} Name {name}"`; the value is a string whatever the type. */
export interface SingleValueProperty {
  readonly id: string;
  readonly value: string;
}

export interface NewMessage {
  readonly subject: string;
  readonly body: { readonly contentType: 'html' | 'text'; readonly content: string };
  readonly from?: GraphRecipient;
  readonly sender?: GraphRecipient;
  readonly toRecipients: readonly GraphRecipient[];
  readonly ccRecipients: readonly GraphRecipient[];
  readonly bccRecipients: readonly GraphRecipient[];
  readonly replyTo: readonly GraphRecipient[];
  readonly internetMessageId?: string;
  readonly isRead: boolean;
  readonly importance: 'low' | 'normal' | 'high';
  readonly flag: { readonly flagStatus: 'notFlagged' | 'flagged' };
  /** True would send a receipt for mail that is years old (a draft that is sent later asks for one again). */
  readonly isReadReceiptRequested: boolean;
  readonly isDeliveryReceiptRequested: boolean;
  readonly singleValueExtendedProperties: readonly SingleValueProperty[];
}

/** A part of an item that may need a call of its own. */
export interface AttachedFile {
  readonly name: string;
  readonly contentType: string;
  readonly isInline: boolean;
  /** Without angle brackets. */
  readonly contentId?: string;
  readonly content: Uint8Array;
}

/** What of an item could not be written as it was. */
export type Loss =
  | 'address'
  | 'body-attached'
  | 'message-id'
  | 'not-imported'
  | 'pgp-structure'
  | 'reply-to'
  | 'several-authors'
  | 'smime'
  | 'smime-signature'
  | 'subject-shortened'
  | 'invitation-as-file'
  | 'marked-deleted'
  | 'plainer-form'
  | 'unparsed';
