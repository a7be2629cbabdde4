import { badRequest, GraphFailure } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../json-object.ts';
import { permissions } from '../permissions.ts';
import type { OnlineUser } from '../store/online-user.ts';
import { collectionAnswer } from './collection-answer.ts';
import { givesMailbox } from './exchange-plans.ts';
import { shownUser, userJson } from './user-json.ts';

export const userRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users',
    permissions: permissions.readUsers,
    answer: (call) =>
      collectionAnswer(
        call,
        call.tenant.users.map((user) => ({
          facts: userJson(call.tenant, user),
          shown: () => shownUser(call.tenant, user, call.query.get('$select')),
        })),
        { defaultTop: 100 },
      ),
  },
  {
    method: 'GET',
    pattern: '/users/:user',
    permissions: permissions.readUsers,
    answer: (call) => ok(shownUser(call.tenant, directoryUser(call), call.query.get('$select'))),
  },
  { method: 'POST', pattern: '/users', permissions: permissions.writeUsers, body: 'user', answer: createUser },
  {
    method: 'PATCH',
    pattern: '/users/:user',
    permissions: permissions.writeUsers,
    permissionsFor: (body) =>
      Object.keys(body).every((name) => name === 'passwordProfile') ? permissions.setPasswords : undefined,
    body: 'user',
    answer: changeUser,
  },
  {
    method: 'POST',
    pattern: '/users/:user/assignLicense',
    permissions: permissions.assignLicences,
    body: 'assignLicense',
    answer: assignLicence,
  },
];

function directoryUser(call: GraphCall): OnlineUser {
  const name = call.parameters['user'] ?? '';
  const user = call.tenant.user(name);
  if (user !== undefined) return user;
  throw new GraphFailure({
    status: 404,
    code: 'Request_ResourceNotFound',
    message: `Resource '${name}' does not exist or one of its queried reference-property objects are not present.`,
  });
}

function createUser(call: GraphCall): GraphAnswer {
  const { body, tenant } = call;
  const userPrincipalName = textAt(body, 'userPrincipalName');
  if (
    userPrincipalName === undefined ||
    textAt(body, 'displayName') === undefined ||
    textAt(body, 'mailNickname') === undefined
  )
    throw badRequest('A value is required for property of resource User.', 'Request_BadRequest');
  if (objectAt(body, 'passwordProfile')['password'] === undefined)
    throw badRequest('A password must be specified to create a new user.', 'Request_BadRequest');
  if (tenant.user(userPrincipalName) !== undefined)
    throw badRequest(
      'Another object with the same value for property userPrincipalName already exists.',
      'Request_BadRequest',
    );
  const user = tenant.addUser({
    userPrincipalName,
    displayName: textAt(body, 'displayName'),
    mail: null,
    usageLocation: textAt(body, 'usageLocation'),
    accountEnabled: body['accountEnabled'] !== false,
    mailbox: false,
  });
  return created(shownUser(tenant, user, null));
}

/** Of a synchronised user only what the cloud owns can be changed. */
const ownedByCloud: ReadonlySet<string> = new Set(['usageLocation', 'passwordProfile']);

function changeUser(call: GraphCall): GraphAnswer {
  const user = directoryUser(call);
  const foreign = Object.keys(call.body).find((name) => !ownedByCloud.has(name));
  if (user.immutableId !== undefined && foreign !== undefined)
    throw badRequest(
      `Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.`,
      'Request_BadRequest',
    );
  const location = textAt(call.body, 'usageLocation');
  if (location !== undefined && !/^[A-Z]{2}$/.test(location))
    throw badRequest("Invalid value specified for property 'usageLocation' of resource 'User'.", 'Request_BadRequest');
  user.usageLocation = location ?? user.usageLocation;
  user.displayName = textAt(call.body, 'displayName') ?? user.displayName;
  if (typeof call.body['accountEnabled'] === 'boolean') user.accountEnabled = call.body['accountEnabled'];
  const password = objectAt(call.body, 'passwordProfile');
  if ('password' in password || 'forceChangePasswordNextSignIn' in password)
    user.passwordChanges.push({ forceChange: password['forceChangePasswordNextSignIn'] === true });
  return noContent;
}

function assignLicence(call: GraphCall): GraphAnswer {
  const { tenant, body, services } = call;
  const user = directoryUser(call);
  const added = objectsAt(body, 'addLicenses').map((licence) => textAt(licence, 'skuId') ?? '');
  const removed = textsAt(body, 'removeLicenses');
  if (added.length > 0 && user.usageLocation === undefined)
    throw badRequest('License assignment cannot be done for user with invalid usage location.', 'Request_BadRequest');
  for (const skuId of added) demandUnit(call, user, skuId);
  user.licences = [...new Set([...user.licences.filter((skuId) => !removed.includes(skuId)), ...added])];
  if (user.licences.some((skuId) => givesMailbox(tenant, skuId))) user.provision(services.provisioning);
  else user.cancelProvisioning();
  return ok(shownUser(tenant, user, null));
}

function demandUnit({ tenant }: GraphCall, user: OnlineUser, skuId: string): void {
  const sku = tenant.skus.find((candidate) => candidate.skuId === skuId);
  if (sku === undefined)
    throw badRequest(`License ${skuId} does not correspond to a valid company License.`, 'Request_BadRequest');
  if (!user.licences.includes(skuId) && tenant.consumed(skuId) >= sku.enabled)
    throw badRequest(`Subscription with SKU ${skuId} does not have any available licenses.`, 'Request_BadRequest');
}
