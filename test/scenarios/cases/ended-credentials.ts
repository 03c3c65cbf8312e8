import { Device } from '../../support/device';
import { refusalOf, type Caller } from '../door';
import type { Stage } from '../stage';

export const endedCredentials = (stage: () => Stage): void => {
  test('a revoked administrator key stops working', async () => {
    const { server, door } = stage();
    const { createApiKey } = await server.run(
      `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { accessKeyId } secretAccessKey } }`,
      { input: { name: 'back end', managedPolicies: ['ADMINISTRATOR_ACCESS'] } },
      server.admin,
    );
    const { accessKeyId } = createApiKey.apiKey;
    const secretAccessKey: string = createApiKey.secretAccessKey;
    const key: Caller = { accessKeyId, secretAccessKey, bearer: `${accessKeyId}.${secretAccessKey}` };
    const newPool = () =>
      door.createIdentityPool(key, { identityPoolName: 'p', allowUnauthenticatedIdentities: true });
    const before = await newPool();

    await server.run(
      'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { accessKeyId } } }',
      { input: { accessKeyId } },
      server.admin,
    );
    const after = await refusalOf(newPool());

    expect(before.identityPoolId).toMatch(/^us-east-1:/);
    expect(after.sentence).toBe(`The API key ${accessKeyId} has been revoked.`);
    if (door.errorsHaveFields) expect(after.fields).toMatchObject({ reason: 'REVOKED' });
  });

  test('credentials of a deleted identity write nothing and read nothing any more', async () => {
    const { door, administrator, newPool, newGuest } = stage();
    const guest = await newGuest(await newPool());
    const phone = new Device('phone', 'd');
    phone.put('a', '1');
    await phone.sync(guest.sync);

    await door.deleteIdentities(administrator, [guest.identityId]);
    const refusals = [
      await refusalOf(guest.sync.listRecords({ datasetName: 'd', lastSyncCount: 0 })),
      await refusalOf(guest.sync.deleteDataset({ datasetName: 'd' })),
      await refusalOf(door.getCredentialsForIdentity({ identityId: guest.identityId })),
    ];

    expect(refusals.map(({ sentence }) => sentence)).toEqual(
      Array(3).fill(`Identity '${guest.identityId}' was deleted.`),
    );
  });

  test('credentials for a role that is deleted stop working at once', async () => {
    const { server, newPool, newGuest } = stage();
    const identityPoolId = await newPool();
    const guest = await newGuest(identityPoolId);
    const { identityPool } = await server.run(
      'query ($id: ID!) { identityPool(id: $id) { roles { unauthenticated } } }',
      { id: identityPoolId },
      server.admin,
    );
    const roleName = identityPool.roles.unauthenticated.split('/').at(-1);

    await server.run(
      'mutation ($input: DeleteRoleInput!) { deleteRole(input: $input) { role { arn } } }',
      { input: { roleName } },
      server.admin,
    );
    const refused = await refusalOf(guest.sync.listRecords({ datasetName: 'd', lastSyncCount: 0 }));

    expect(refused.message).toContain('the role of these credentials is gone');
  });
};
