import type { PracticeTenant } from '../store/tenant.ts';

/** Service plans that give a mailbox, with their ids. */
export const exchangePlans: ReadonlyMap<string, string> = new Map([
  ['EXCHANGE_S_STANDARD', '9aaf7827-d63c-4b61-89c3-182f06f82e5c'],
  ['EXCHANGE_S_ENTERPRISE', 'efb87545-963c-4e0d-99df-69c6916d9eb0'],
  ['EXCHANGE_S_DESKLESS', '4a82b400-a79f-41a4-b4e2-e94f5787b113'],
]);

export function plansOf(tenant: PracticeTenant, skuId: string): readonly string[] {
  return tenant.skus.find((sku) => sku.skuId === skuId)?.plans ?? ['EXCHANGE_S_ENTERPRISE'];
}

export function givesMailbox(tenant: PracticeTenant, skuId: string): boolean {
  return plansOf(tenant, skuId).some((plan) => exchangePlans.has(plan));
}
