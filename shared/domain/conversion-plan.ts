/** One attribute's values; `base64` where they are octets. */
export interface AttributeValues {
  readonly name: string;
  readonly encoding: 'text' | 'base64';
  /** Empty: the attribute is absent. */
  readonly values: readonly string[];
}

/** What makes a mailbox a mail-enabled user: one atomic modification, and what it takes to revert it. */
export interface ConversionPlan {
  readonly id: string;
  readonly dn: string;
  /** Every attribute that changes, as it is before and as it will be, in the same order. */
  readonly before: readonly AttributeValues[];
  readonly after: readonly AttributeValues[];
}

/** One part of a modification (RFC 4511 section 4.6). No values: the whole attribute. */
export interface AttributeChange extends AttributeValues {
  readonly operation: 'add' | 'delete';
}

/**
 * The modification that makes one state the other. It names every old value, also of what stays, and so is refused as a
 * whole when one of them has changed.
 */
export function attributeChanges(
  from: readonly AttributeValues[],
  to: readonly AttributeValues[],
): readonly AttributeChange[] {
  return from.flatMap((before, index) => {
    const after = to[index]?.values ?? [];
    const stays = isSameAttribute(before, { ...before, values: after });
    const removed = stays ? before.values : before.values.filter((value) => !after.includes(value));
    const added = stays ? after : after.filter((value) => !before.values.includes(value));
    return [
      ...(removed.length === 0
        ? []
        : [{ ...before, operation: 'delete', values: comparable(before.name, removed) } as const]),
      ...(added.length === 0 ? [] : [{ ...before, operation: 'add', values: added } as const]),
    ];
  });
}

/** The directory gives values in any order. */
export function isSameAttribute(one: AttributeValues, other: AttributeValues): boolean {
  if (one.values.length !== other.values.length) return false;
  const values = new Set(one.values);
  return other.values.every((value) => values.has(value));
}

/** A security descriptor has no rule by which the directory could compare it: it is deleted as a whole. */
function comparable(name: string, values: readonly string[]): readonly string[] {
  return name === 'msExchMailboxSecurityDescriptor' ? [] : values;
}
