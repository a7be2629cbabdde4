import type { Services } from './services.ts';

/** Which of a mailbox's two passwords. */
export type Side = 'source' | 'target';

/** What a sealed password is bound to: it opens for this mailbox job and this side only. */
export function passwordContext(job: { readonly batch: string; readonly id: string }, side: Side): string {
  return `${job.batch}/${job.id}/${side}`;
}

export async function sealPassword(
  { store, sealer }: Pick<Services, 'store' | 'sealer'>,
  context: string,
  password: string,
): Promise<void> {
  await store.putSealedPassword(context, await sealer.seal(password, context));
}

/** undefined: none was sealed. */
export async function openPassword(
  { store, sealer }: Pick<Services, 'store' | 'sealer'>,
  context: string,
): Promise<string | undefined> {
  const sealed = await store.getSealedPassword(context);
  return sealed === undefined ? undefined : await sealer.open(sealed, context);
}
