import { z } from 'zod';
import type { TargetDomain } from '../../ports/target-directory.ts';

export const Organisation = z.object({
  displayName: z.string().nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
  onPremisesLastSyncDateTime: z.string().nullish(),
});
export const organisationFields = 'id,displayName,onPremisesSyncEnabled,onPremisesLastSyncDateTime';

export const Domain = z.object({
  id: z.string(),
  isVerified: z.boolean().nullish(),
  isInitial: z.boolean().nullish(),
  authenticationType: z.string().nullish(),
  supportedServices: z.array(z.string()).nullish(),
});
export const domainFields = 'id,isVerified,isInitial,authenticationType,supportedServices';

export function domainOf(domain: z.infer<typeof Domain>): TargetDomain {
  return {
    name: domain.id,
    isVerified: domain.isVerified ?? false,
    isInitial: domain.isInitial ?? false,
    takesMail: domain.supportedServices?.includes('Email') ?? false,
    isFederated: domain.authenticationType === 'Federated',
  };
}

export const User = z.object({
  id: z.string(),
  userPrincipalName: z.string(),
  mail: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
  usageLocation: z.string().nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
  onPremisesImmutableId: z.string().nullish(),
  assignedLicenses: z.array(z.object({ skuId: z.string() })).nullish(),
  licenseAssignmentStates: z
    .array(
      z.object({ skuId: z.string().nullish(), assignedByGroup: z.string().nullish(), state: z.string().nullish() }),
    )
    .nullish(),
  assignedPlans: z
    .array(
      z.object({
        servicePlanId: z.string().nullish(),
        capabilityStatus: z.string().nullish(),
        assignedDateTime: z.string().nullish(),
      }),
    )
    .nullish(),
  onPremisesProvisioningErrors: z
    .array(
      z.object({
        category: z.string().nullish(),
        propertyCausingError: z.string().nullish(),
        value: z.string().nullish(),
      }),
    )
    .nullish(),
  serviceProvisioningErrors: z
    .array(z.object({ isResolved: z.boolean().nullish(), serviceInstance: z.string().nullish() }))
    .nullish(),
});
export type User = z.infer<typeof User>;
export const userFields = Object.keys(User.shape).join(',');

export const Sku = z.object({
  skuId: z.string(),
  skuPartNumber: z.string().nullish(),
  capabilityStatus: z.string().nullish(),
  consumedUnits: z.number().nullish(),
  prepaidUnits: z.object({ enabled: z.number().nullish(), warning: z.number().nullish() }).nullish(),
  servicePlans: z.array(z.object({ servicePlanId: z.string(), servicePlanName: z.string().nullish() })).nullish(),
});
export type Sku = z.infer<typeof Sku>;
export const skuFields = 'skuId,skuPartNumber,capabilityStatus,consumedUnits,prepaidUnits,servicePlans';

/** Units that nobody uses. Those of a subscription that has just ended (`warning`) still count: it works for a month. */
export function freeUnits({ prepaidUnits, consumedUnits, capabilityStatus }: Sku): number {
  if (capabilityStatus === 'Suspended' || capabilityStatus === 'Deleted' || capabilityStatus === 'LockedOut') return 0;
  return Math.max(0, (prepaidUnits?.enabled ?? 0) + (prepaidUnits?.warning ?? 0) - (consumedUnits ?? 0));
}

/** EXCHANGE_S_STANDARD, _ENTERPRISE and _DESKLESS: known without asking which plans the organisation has. */
const mailboxPlans = [
  '9aaf7827-d63c-4b61-89c3-182f06f82e5c',
  'efb87545-963c-4e0d-99df-69c6916d9eb0',
  '4a82b400-a79f-41a4-b4e2-e94f5787b113',
];

/**
 * Ids of the service plans that give a mailbox. Foundation, archive and analytics plans are of the service `exchange`,
 * too, and give none (https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference).
 */
export function mailboxPlansOf(skus: readonly Sku[]): ReadonlySet<string> {
  const named = skus.flatMap(({ servicePlans }) =>
    (servicePlans ?? [])
      .filter(({ servicePlanName }) =>
        /^EXCHANGE_[A-Z]+_(STANDARD|ENTERPRISE|DESKLESS|ESSENTIALS)/.test(servicePlanName ?? ''),
      )
      .map(({ servicePlanId }) => servicePlanId.toLowerCase()),
  );
  return new Set([...mailboxPlans, ...named]);
}

/** What directory sync or Exchange complains about of a user, in words. */
export function syncErrorsOf({ onPremisesProvisioningErrors, serviceProvisioningErrors }: User): string[] {
  const synced = (onPremisesProvisioningErrors ?? []).map(
    ({ category, propertyCausingError, value }) =>
      `${category ?? 'error'} of ${propertyCausingError ?? 'a property'}${value === undefined || value === null ? '' : ` (${value})`}`,
  );
  const services = (serviceProvisioningErrors ?? [])
    .filter(({ isResolved }) => isResolved !== true)
    .map(({ serviceInstance }) => `the service ${serviceInstance ?? ''} reports an error of this user`);
  return [...synced, ...services];
}
