import { refusalOf } from '../door';
import type { Stage } from '../stage';

const OWN_DATA =
  'arn:aws:cognito-sync:*:*:identitypool/${cognito-identity.amazonaws.com:aud}/identity/${cognito-identity.amazonaws.com:sub}/*';

export const deniedByPolicy = (stage: () => Stage): void => {
  /** A guest whose role has these statements. */
  const guestWith = async (...statements: object[]) => {
    const { door, administrator, newPool, newRole, newGuest } = stage();
    const identityPoolId = await newPool();
    const unauthenticated = await newRole(identityPoolId, ...statements);
    await door.setIdentityPoolRoles(administrator, { identityPoolId, roles: { unauthenticated } });
    const roleName = unauthenticated.split('/').at(-1)!;
    return { roleName, identityPoolId, ...(await newGuest(identityPoolId)) };
  };

  const patch = { op: 'replace', key: 'a', value: '1', syncCount: 0 } as const;
  const datasetArn = (identityPoolId: string, identityId: string, name: string): string =>
    `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${identityPoolId}/identity/${identityId}/dataset/${name}`;

  test('a role that may only read is refused a write in the words of AWS, and reads', async () => {
    const { sync, roleName, identityPoolId, identityId } = await guestWith({
      Effect: 'Allow',
      Action: 'cognito-sync:ListRecords',
      Resource: OWN_DATA,
    });

    const { syncSessionToken } = await sync.listRecords({ datasetName: 'd', lastSyncCount: 0 });
    const refused = await refusalOf(
      sync.updateRecords({ datasetName: 'd', recordPatches: [patch], syncSessionToken }),
    );

    const arn = datasetArn(identityPoolId, identityId, 'd');
    expect(refused.message).toBe(
      `ACCESS_DENIED: User: arn:aws:sts::000000000000:assumed-role/${roleName}/CognitoIdentityCredentials is not authorized to perform: cognito-sync:UpdateRecords on resource: ${arn}`,
    );
    expect(refused.fields.decision).toBeUndefined();
    expect(await sync.listRecords({ datasetName: 'd', lastSyncCount: 0 })).toMatchObject({
      datasetExists: false,
    });
  });

  test('an explicit deny wins over the allow beside it, for the dataset that it names', async () => {
    const { sync } = await guestWith(
      { Effect: 'Allow', Action: 'cognito-sync:*', Resource: OWN_DATA },
      {
        Effect: 'Deny',
        Action: 'cognito-sync:UpdateRecords',
        Resource: 'arn:aws:cognito-sync:*:*:identitypool/*/dataset/sealed',
      },
    );
    const write = async (datasetName: string) => {
      const { syncSessionToken } = await sync.listRecords({ datasetName, lastSyncCount: 0 });
      return sync.updateRecords({ datasetName, recordPatches: [patch], syncSessionToken });
    };

    const refused = await refusalOf(write('sealed'));
    const { datasetSyncCount } = await write('open');

    expect(refused.code).toBe('ACCESS_DENIED');
    expect(datasetSyncCount).toBe(1);
  });

  test('a role that allows everything on everything still sees its own identity only', async () => {
    const { sync, credentials, identityPoolId } = await guestWith({
      Effect: 'Allow',
      Action: '*',
      Resource: '*',
    });
    const { door, newGuest } = stage();
    const other = await newGuest(identityPoolId);

    const refusals = [
      await refusalOf(sync.listRecords({ datasetName: 'd', lastSyncCount: 0, identityId: other.identityId })),
      await refusalOf(sync.deleteDataset({ datasetName: 'd', identityId: other.identityId })),
      await refusalOf(door.describeIdentity(credentials, other.identityId)),
    ];

    expect(refusals.map(({ message }) => message)).toEqual(
      Array(3).fill('NOT_AUTHORIZED: mismatch between session identity id and request identity id'),
    );
  });
};
