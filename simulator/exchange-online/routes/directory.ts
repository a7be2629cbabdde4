import { randomUUID } from 'node:crypto';
import { ok, type GraphCall, type Route } from '../graph-call.ts';
import { selected } from '../odata/collection.ts';
import { permissions } from '../permissions.ts';
import type { PracticeSku } from '../store/tenant.ts';
import { jsonCollection } from './collection-answer.ts';
import { exchangePlans } from './exchange-plans.ts';

export const directoryRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/organization',
    permissions: permissions.readOrganisation,
    answer: (call) => ok({ value: [selected(organisation(call), call.query.get('$select'))] }),
  },
  {
    method: 'GET',
    pattern: '/domains',
    permissions: permissions.readDomains,
    answer: (call) =>
      ok({ value: call.tenant.domains.map((domain) => selected(domainJson(call, domain), call.query.get('$select'))) }),
  },
  {
    method: 'GET',
    pattern: '/subscribedSkus',
    permissions: permissions.readSkus,
    answer: (call) =>
      ok({ value: call.tenant.skus.map((sku) => selected(skuJson(call, sku), call.query.get('$select'))) }),
  },
  {
    method: 'GET',
    pattern: '/groups',
    permissions: ['Group.Read.All', 'Directory.Read.All'],
    answer: (call) => jsonCollection(call, call.tenant.groups),
  },
  {
    method: 'GET',
    pattern: '/contacts',
    permissions: ['OrgContact.Read.All', 'Directory.Read.All'],
    answer: (call) => jsonCollection(call, call.tenant.contacts),
  },
];

function organisation({ tenant, services }: GraphCall): Record<string, unknown> {
  return {
    id: tenant.id,
    displayName: tenant.displayName,
    onPremisesSyncEnabled: tenant.synchronised,
    onPremisesLastSyncDateTime: tenant.synchronised === true ? new Date(services.clock.now()).toISOString() : null,
    defaultUsageLocation: null,
    verifiedDomains: tenant.domains.map((name, at) => ({
      name,
      isDefault: at === 0,
      isInitial: name === tenant.initialDomain,
      capabilities: 'Email, OfficeCommunicationsOnline',
      type: 'Managed',
    })),
  };
}

function domainJson({ tenant }: GraphCall, id: string): Record<string, unknown> {
  return {
    id,
    authenticationType: 'Managed',
    isVerified: true,
    isDefault: tenant.domains[0] === id,
    isInitial: tenant.initialDomain === id,
    isAdminManaged: true,
    isRoot: true,
    supportedServices: ['Email', 'OfficeCommunicationsOnline'],
  };
}

function skuJson({ tenant }: GraphCall, sku: PracticeSku): Record<string, unknown> {
  return {
    id: `${tenant.id}_${sku.skuId}`,
    skuId: sku.skuId,
    skuPartNumber: sku.skuPartNumber,
    appliesTo: 'User',
    capabilityStatus: 'Enabled',
    consumedUnits: tenant.consumed(sku.skuId),
    prepaidUnits: { enabled: sku.enabled, suspended: 0, warning: 0, lockedOut: 0 },
    servicePlans: (sku.plans ?? ['EXCHANGE_S_ENTERPRISE']).map((servicePlanName) => ({
      servicePlanId: exchangePlans.get(servicePlanName) ?? randomUUID(),
      servicePlanName,
      provisioningStatus: 'Success',
      appliesTo: 'User',
    })),
  };
}
