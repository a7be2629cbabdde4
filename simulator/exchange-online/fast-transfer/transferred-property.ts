/** One value, of any type that a stream knows; a time is UTC without fractions, `2019-03-01T10:00:00Z`. */
export type TransferredValue = number | bigint | boolean | string | Buffer;

export interface TransferredProperty {
  readonly id: number;
  /** Base type, without the flag of several values; strings of code pages are 0x1f. */
  readonly type: number;
  /** Of a property whose id is 0x8000 or more. */
  readonly named?: { readonly guid: string; readonly lid?: number; readonly name?: string } | undefined;
  readonly value: TransferredValue | readonly TransferredValue[];
}

export interface TransferredAttachment {
  readonly properties: readonly TransferredProperty[];
  readonly embedded: TransferredMessage | undefined;
}

export interface TransferredMessage {
  readonly properties: readonly TransferredProperty[];
  readonly recipients: readonly (readonly TransferredProperty[])[];
  readonly attachments: readonly TransferredAttachment[];
}
