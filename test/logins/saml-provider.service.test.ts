import type { Context } from '../../src/context';
import { IdentityPool } from '../../src/identity-pools/identity-pool.entity';
import {
  createSAMLProvider,
  deleteSAMLProvider,
  findSAMLProvider,
  getSAMLProvider,
  listSAMLProviders,
  updateSAMLProvider,
} from '../../src/logins/saml-provider.service';
import { identityPoolRow } from '../support/identity-pool-row';
import { openLoginWorld, type LoginWorld } from '../support/login-world';
import {
  assertionXml,
  encodeSaml,
  makeSamlKey,
  responseXml,
  samlMetadata,
  signXml,
} from '../support/saml-identity-provider';
import { SAML_ARN, SAML_POOL } from '../support/saml-world';
import { TEST_NOW, administrator } from '../support/service-context';

const key = makeSamlKey();
const METADATA = samlMetadata([{ certificate: key.certificate }]);

let world: LoginWorld;
let ctx: Context;

beforeAll(async () => {
  world = await openLoginWorld();
});

beforeEach(async () => {
  ctx = { ...world.ctx, actor: administrator('iam:*') };
  await world.node.query('DELETE FROM identity_pools');
  for (const { arn } of (await listSAMLProviders(ctx, {})).nodes)
    await deleteSAMLProvider(ctx, { samlProviderArn: arn });
});

afterAll(() => world.close());

const create = (name = 'idp') => createSAMLProvider(ctx, { name, samlMetadataDocument: METADATA });

test('A provider is stored with its ARN and found again', async () => {
  const provider = await create();

  expect(provider).toEqual({
    arn: SAML_ARN,
    name: 'idp',
    metadataDocument: METADATA,
    createdAt: TEST_NOW,
    lastModifiedAt: TEST_NOW,
  });
  expect(await getSAMLProvider(ctx, { samlProviderArn: SAML_ARN })).toEqual(provider);
  expect(await findSAMLProvider(ctx, SAML_ARN)).toMatchObject({
    arn: SAML_ARN,
    metadata: { entityId: 'https://idp.example/saml' },
  });
});

test('A name that is taken is refused', async () => {
  await create();

  await expect(create()).rejects.toMatchObject({
    code: 'ENTITY_ALREADY_EXISTS',
    message: 'SAMLProvider with name idp already exists.',
  });
});

test.each([
  ['', 'name must have a length of at least 1; name must be letters, digits or any of . _ -'],
  ['a b', 'name must be letters, digits or any of . _ -'],
  ['a/b', 'name must be letters, digits or any of . _ -'],
  [
    'x'.repeat(89),
    `name is too long: the ARN arn:aws:iam::000000000000:saml-provider/${'x'.repeat(89)} must have at most 128 characters, since it is the key of logins`,
  ],
])('The name "%s" is refused', async (name, message) => {
  await expect(create(name)).rejects.toMatchObject({ code: 'INVALID_PARAMETER', message });
});

test('A name whose ARN just fits is taken', async () => {
  expect((await create('x'.repeat(88))).arn).toHaveLength(128);
});

test('Metadata that is too short or describes no provider is refused, at an update too', async () => {
  await create();
  const nothing = `<a>${' '.repeat(1000)}</a>`;

  for (const samlMetadataDocument of ['<a/>', nothing]) {
    const refused = { code: 'INVALID_PARAMETER', fields: { field: 'samlMetadataDocument' } };
    await expect(createSAMLProvider(ctx, { name: 'b', samlMetadataDocument })).rejects.toMatchObject(refused);
    await expect(
      updateSAMLProvider(ctx, { samlProviderArn: SAML_ARN, samlMetadataDocument }),
    ).rejects.toMatchObject(refused);
  }
});

test('After an update the new certificate counts and the old one no longer', async () => {
  await create();
  const fresh = makeSamlKey();
  const signedBy = (signer: typeof key) =>
    encodeSaml(signXml(responseXml(assertionXml()), signer, 'Assertion'));
  await world.logIn(SAML_POOL, SAML_ARN, signedBy(key));

  const samlMetadataDocument = samlMetadata([{ certificate: fresh.certificate }]);
  await updateSAMLProvider(ctx, { samlProviderArn: SAML_ARN, samlMetadataDocument });

  expect((await world.logIn(SAML_POOL, SAML_ARN, signedBy(fresh))).subject).toBe('alice@example.com');
  expect((await world.refusal(SAML_POOL, SAML_ARN, signedBy(key))).code).toBe('NOT_AUTHORIZED');
});

test('Providers are listed by their ARNs, in pages', async () => {
  for (const name of ['c', 'a', 'b']) await create(name);

  const first = await listSAMLProviders(ctx, { first: 2 });
  const second = await listSAMLProviders(ctx, { first: 2, after: first.cursorOf(first.nodes[1]!) });

  expect([first, second].map(({ nodes }) => nodes.map(({ name }) => name))).toEqual([['a', 'b'], ['c']]);
});

test('A provider that a pool names stays, and the pools are named', async () => {
  await create();
  const row = identityPoolRow({ samlProviderArns: [SAML_ARN] });
  await world.node.manager.insert(IdentityPool, row);

  const kept = deleteSAMLProvider(ctx, { samlProviderArn: SAML_ARN });
  await expect(kept).rejects.toMatchObject({
    code: 'DELETE_CONFLICT',
    fields: { identityPoolIds: [row.id] },
  });
  await world.node.query('UPDATE identity_pools SET deleted_at = $1', [TEST_NOW]);

  expect((await deleteSAMLProvider(ctx, { samlProviderArn: SAML_ARN })).arn).toBe(SAML_ARN);
});

test('A provider that is no more takes no logins', async () => {
  await create();
  const token = encodeSaml(signXml(responseXml(assertionXml()), key, 'Assertion'));
  await world.logIn(SAML_POOL, SAML_ARN, token);

  await deleteSAMLProvider(ctx, { samlProviderArn: SAML_ARN });

  expect((await world.refusal(SAML_POOL, SAML_ARN, token)).message).toBe(
    'Token is not from a supported provider of this identity pool.',
  );
});

test('What is not there is not found', async () => {
  const missing = { code: 'RESOURCE_NOT_FOUND', message: `SAMLProvider not found for arn ${SAML_ARN}` };
  const samlProviderArn = SAML_ARN;

  await expect(getSAMLProvider(ctx, { samlProviderArn })).rejects.toMatchObject(missing);
  await expect(deleteSAMLProvider(ctx, { samlProviderArn })).rejects.toMatchObject(missing);
  await expect(
    updateSAMLProvider(ctx, { samlProviderArn, samlMetadataDocument: METADATA }),
  ).rejects.toMatchObject(missing);
});

describe('each call needs its own permission', () => {
  const samlProviderArn = SAML_ARN;
  const calls: [string, string, (as: Context) => Promise<unknown>][] = [
    [
      'iam:CreateSAMLProvider',
      SAML_ARN,
      (as) => createSAMLProvider(as, { name: 'idp', samlMetadataDocument: METADATA }),
    ],
    [
      'iam:UpdateSAMLProvider',
      SAML_ARN,
      (as) => updateSAMLProvider(as, { samlProviderArn, samlMetadataDocument: METADATA }),
    ],
    ['iam:GetSAMLProvider', SAML_ARN, (as) => getSAMLProvider(as, { samlProviderArn })],
    ['iam:ListSAMLProviders', '*', (as) => listSAMLProviders(as, {})],
    ['iam:DeleteSAMLProvider', SAML_ARN, (as) => deleteSAMLProvider(as, { samlProviderArn })],
  ];

  test.each(calls)('%s', async (action, resource, call) => {
    const other = { ...ctx, actor: administrator('iam:Other') };
    if (action !== 'iam:CreateSAMLProvider') await create();

    await expect(call(other)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await expect(call({ ...ctx, actor: administrator(action, resource) })).resolves.toBeDefined();
  });
});
