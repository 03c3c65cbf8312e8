import { ListRecordsCommand } from '@aws-sdk/client-cognito-sync';
import {
  allow,
  createKey,
  createPool,
  createRole,
  mutate,
  setRoles,
  trustOf,
  type Data,
} from '../../support/factories';
import { NAMES, membersAt, requestFor } from './model';
import {
  callerWith,
  push,
  refusalIn,
  refused,
  replace,
  sendRaw,
  startSyncApi,
  type Caller,
  type GuestCaller,
  type SyncApi,
} from './sync-api';

/** Operations on an identity's own things. */
const OF_IDENTITIES = NAMES.filter((name) =>
  membersAt(name, 'uri').some(([member]) => member === 'IdentityId'),
);
/** Operations on pools, for administrators. */
const OF_POOLS = NAMES.filter((name) => !OF_IDENTITIES.includes(name));
const OF_DEVICES = ['RegisterDevice', 'SubscribeToDataset', 'UnsubscribeFromDataset'];

let api: SyncApi;
let me: GuestCaller;

beforeAll(async () => {
  api = await startSyncApi();
  me = await api.guest();
});

afterAll(() => api.stop());

const refusalTo = async (caller: Caller, name: string, owner: object) =>
  refusalIn(await caller.send(requestFor(name, { ...owner })));

describe('an identity', () => {
  const mismatch = {
    name: 'NotAuthorizedException',
    status: 403,
    message: 'mismatch between session identity id and request identity id',
  };
  let other: GuestCaller;

  beforeAll(async () => {
    other = await api.guest();
    await push(other, { ...other.owner, DatasetName: 'notes' }, [replace('a', 'secret')]);
  });

  it.each(OF_IDENTITIES)('cannot call %s for another one, in its own pool or in another', async (name) => {
    const { id: otherPool } = await createPool(api.server);

    expect(await refusalTo(me, name, other.owner)).toEqual(mismatch);
    expect(await refusalTo(me, name, { ...me.owner, IdentityPoolId: otherPool })).toEqual(mismatch);
  });

  it.each(OF_POOLS)('cannot call %s, whatever its role allows', async (name) => {
    expect(await refusalTo(me, name, me.owner)).toEqual({
      name: 'NotAuthorizedException',
      status: 403,
      message: 'Only administrators may do this, whatever the role of an identity allows.',
    });
  });

  it('has its data as it was after all that', async () => {
    const read = new ListRecordsCommand({ ...other.owner, DatasetName: 'notes' });

    expect(await other.client.send(read)).toMatchObject({
      Records: [{ Value: 'secret' }],
      DatasetSyncCount: 1,
    });
  });

  it('is told that it was deleted', async () => {
    const gone = await api.guest();
    const input = { identityIdsToDelete: [gone.owner.IdentityId] };
    await mutate(
      api.server,
      'deleteIdentities { unprocessedIdentityIds { identityId } }',
      input,
      api.server.admin,
    );

    const refusal = await refused(push(gone, { ...gone.owner, DatasetName: 'd' }, []));

    expect(refusal).toEqual({
      name: 'ResourceNotFoundException',
      status: 404,
      message: `Identity '${gone.owner.IdentityId}' was deleted.`,
    });
  });
});

describe('an identity whose role allows one thing', () => {
  let limited: GuestCaller;

  beforeAll(async () => {
    const { id } = await createPool(api.server);
    const role = await createRole(api.server, {
      roleName: 'OnlyListRecords',
      assumeRolePolicyDocument: trustOf(id),
      policies: [{ policyName: 'P', policyDocument: allow('cognito-sync:ListRecords') }],
    });
    await setRoles(api.server, id, { unauthenticated: role.arn });
    limited = await api.guest(id);
  });

  it('may do it', async () => {
    const read = new ListRecordsCommand({ ...limited.owner, DatasetName: 'notes' });

    expect(await limited.client.send(read)).toMatchObject({ DatasetExists: false });
  });

  it.each(OF_IDENTITIES.filter((name) => name !== 'ListRecords'))(
    'is denied %s in the words of AWS',
    async (name) => {
      const { IdentityPoolId, IdentityId } = limited.owner;
      const identity = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${IdentityPoolId}/identity/${IdentityId}`;
      const dataset = membersAt(name, 'uri').some(([member]) => member === 'DatasetName')
        ? '/dataset/notes'
        : name === 'ListDatasets'
          ? '/dataset/null'
          : '';

      expect(await refusalTo(limited, name, limited.owner)).toEqual({
        name: 'AccessDeniedException',
        status: 403,
        message:
          'User: arn:aws:sts::000000000000:assumed-role/OnlyListRecords/CognitoIdentityCredentials is not ' +
          `authorized to perform: cognito-sync:${name} on resource: ${identity}${dataset}`,
      });
    },
  );
});

describe('an administrator', () => {
  const callerOf = ({ apiKey, secretAccessKey }: Data): Caller =>
    callerWith(api.server, { accessKeyId: apiKey.accessKeyId, secretAccessKey });
  const keyThatMay = (policyDocument: object): Promise<Data> =>
    createKey(api.server, { policies: [{ policyName: 'own', policyDocument }] });

  it.each(OF_DEVICES)('has no devices: %s', async (name) => {
    expect(await refusalTo(api.admin, name, me.owner)).toEqual({
      name: 'NotAuthorizedException',
      status: 403,
      message: 'Only identities register devices and subscribe them, each its own: use its credentials.',
    });
  });

  it('is denied what its key does not allow', async () => {
    const { apiKey, secretAccessKey } = await keyThatMay(allow('cognito-sync:ListRecords'));
    const caller = callerOf({ apiKey, secretAccessKey });

    for (const name of NAMES.filter((each) => each !== 'ListRecords' && !OF_DEVICES.includes(each))) {
      const refusal = await refusalTo(caller, name, me.owner);
      expect(refusal).toMatchObject({ name: 'AccessDeniedException', status: 403 });
      expect(refusal.message).toMatch(
        new RegExp(
          `^User: arn:aws:iam::000000000000:access-key/${apiKey.accessKeyId} is not authorized to perform: cognito-sync:${name} on resource: arn:aws:cognito-sync:`,
        ),
      );
    }
  });

  it('is refused with a key that was revoked, and with a secret that is wrong', async () => {
    const key = await keyThatMay(allow('cognito-sync:*'));
    const caller = callerOf(key);
    const wrong = callerOf({ ...key, secretAccessKey: 'wrong' });

    expect(refusalIn(await caller.send(requestFor('ListIdentityPoolUsage'))).name).toBe('');
    expect(await refusalTo(wrong, 'ListIdentityPoolUsage', {})).toMatchObject({
      name: 'InvalidSignatureException',
      status: 403,
    });
    await mutate(
      api.server,
      'revokeApiKey { apiKey { id } }',
      { accessKeyId: key.apiKey.accessKeyId },
      api.server.admin,
    );
    expect(await refusalTo(caller, 'ListIdentityPoolUsage', {})).toMatchObject({
      name: 'UnrecognizedClientException',
      status: 403,
    });
  });

  it('finds no pool and no identity that is not there', async () => {
    const notFound = { name: 'ResourceNotFoundException', status: 404 };

    for (const name of OF_POOLS.filter((each) => each !== 'ListIdentityPoolUsage'))
      expect(await refusalTo(api.admin, name, {})).toMatchObject(notFound);
    for (const name of OF_IDENTITIES.filter((each) => !OF_DEVICES.includes(each) && each !== 'UpdateRecords'))
      expect(await refusalTo(api.admin, name, { IdentityPoolId: api.poolId })).toMatchObject(notFound);
  });
});

describe('nobody', () => {
  it.each(NAMES)('may call %s without a signature', async (name) => {
    const answer = await sendRaw(api.server, requestFor(name, me.owner));

    expect(refusalIn(answer)).toEqual({
      name: 'MissingAuthenticationTokenException',
      status: 403,
      message: 'Missing Authentication Token',
    });
  });
});
