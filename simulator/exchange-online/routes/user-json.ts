import { graphTime } from '../graph-time.ts';
import type { JsonObject } from '../json-object.ts';
import { selected } from '../odata/collection.ts';
import type { OnlineUser } from '../store/online-user.ts';
import type { PracticeTenant } from '../store/tenant.ts';
import { exchangePlans, plansOf } from './exchange-plans.ts';

/** Shown without $select. */
const shownByDefault =
  'businessPhones,displayName,givenName,jobTitle,mail,mobilePhone,officeLocation,preferredLanguage,surname,userPrincipalName,id';

export function shownUser(tenant: PracticeTenant, user: OnlineUser, select: string | null): JsonObject {
  return selected(userJson(tenant, user), select ?? shownByDefault);
}

export function userJson(tenant: PracticeTenant, user: OnlineUser): JsonObject {
  const synchronised = user.immutableId !== undefined;
  return {
    id: user.id,
    businessPhones: [],
    displayName: user.displayName,
    givenName: null,
    jobTitle: null,
    mail: user.mail ?? null,
    mailNickname: user.userPrincipalName.replace(/@.*/, ''),
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    surname: null,
    userPrincipalName: user.userPrincipalName,
    userType: 'Member',
    accountEnabled: user.accountEnabled,
    usageLocation: user.usageLocation ?? null,
    proxyAddresses: user.proxyAddresses,
    onPremisesSyncEnabled: synchronised ? true : null,
    onPremisesImmutableId: user.immutableId ?? null,
    onPremisesProvisioningErrors: user.provisioningErrors,
    serviceProvisioningErrors: [],
    assignedLicenses: user.licences.map((skuId) => ({ skuId, disabledPlans: [] })),
    licenseAssignmentStates: user.licences.map((skuId) => ({
      skuId,
      state: 'Active',
      error: 'None',
      assignedByGroup: null,
      disabledPlans: [],
    })),
    assignedPlans: user.licences.flatMap((skuId) =>
      plansOf(tenant, skuId)
        .filter((plan) => exchangePlans.has(plan))
        .map((plan) => ({
          service: 'exchange',
          servicePlanId: exchangePlans.get(plan),
          capabilityStatus: 'Enabled',
          assignedDateTime: graphTime(user.licensedSince),
        })),
    ),
  };
}
