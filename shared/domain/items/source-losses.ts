import type { NeutralItem } from './neutral-item.ts';

/** What the source did not deliver of an item, in words for a report: whoever writes the item says it with its own losses. */
export function sourceLosses(item: NeutralItem): readonly string[] {
  const missing = item.missingAttachments.length;
  const own = missing === 0 ? [] : [`${String(missing)} attachments could not be read at the source`];
  if (item.kind === 'distribution-list' && !item.membersKnown)
    return [...own, 'the members of the list could not be read at the source'];
  if (item.kind !== 'event' || item.series === undefined) return own;
  const { series } = item;
  const ofOccurrences = series.modified.reduce((sum, { missingAttachments }) => sum + missingAttachments.length, 0);
  return [
    ...own,
    ...(ofOccurrences === 0
      ? []
      : [`${String(ofOccurrences)} attachments of occurrences could not be read at the source`]),
    ...(series.missing.length === 0
      ? []
      : [`${String(series.missing.length)} changed occurrences could not be read at the source`]),
  ];
}
