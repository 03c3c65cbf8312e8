import { startHousekeeping } from '../../src/housekeeping';
import { UsedSamlAssertion } from '../../src/logins/used-saml-assertion.entity';
import { sweepUsedSamlAssertions } from '../../src/logins/use-assertion';
import {
  ENTITY_ID,
  assertionXml,
  encodeSaml,
  responseXml,
  samlTime,
  signXml,
  type AssertionOptions,
} from '../support/saml-identity-provider';
import { SAML_ARN, SAML_POOL, openSamlWorld, type SamlWorld } from '../support/saml-world';
import { TEST_NOW } from '../support/service-context';

const NOW = TEST_NOW.getTime() / 1000;
const NAME_IDENTIFIER = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier';
const ROLE = 'https://aws.amazon.com/SAML/Attributes/Role';

let world: SamlWorld;

beforeAll(async () => {
  world = await openSamlWorld();
});

beforeEach(() => world.clock.advance(NOW - world.clock.now().getTime() / 1000));

afterAll(() => world.close());

const refused = (sentence: string) => ({
  code: 'NOT_AUTHORIZED',
  message: `Invalid login token. ${sentence}`,
});

describe('a response that holds', () => {
  test('says who it is, with all attributes as claims and the roles of this provider', async () => {
    const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
    const xml = world.response({
      attributes: {
        mail: ['a@example.com'],
        groups: ['one', ' two '],
        'urn:empty': [],
        [ROLE]: [
          `${role('Reader')},${SAML_ARN}`,
          `${SAML_ARN} , ${role('path/Writer')}`,
          `${role('Other')},arn:aws:iam::000000000000:saml-provider/other`,
          `${role('Reader')},${SAML_ARN}`,
          'nonsense',
        ],
      },
    });

    expect(await world.send(xml)).toEqual({
      provider: SAML_ARN,
      providerArn: SAML_ARN,
      subject: 'alice@example.com',
      claims: {
        iss: ENTITY_ID,
        aud: 'urn:amazon:webservices',
        sub: 'alice@example.com',
        [NAME_IDENTIFIER]: 'alice@example.com',
        mail: 'a@example.com',
        groups: ['one', 'two'],
        [ROLE]: expect.any(Array),
      },
      qualifier: `${SAML_ARN}:SAML:alice@example.com`,
      roleMappingKeys: [SAML_ARN],
      roles: [role('Reader'), role('path/Writer')],
    });
  });

  test.each<[string, (xml: string) => string]>([
    ['response', (xml) => signXml(xml, world.key, 'Response')],
    ['assertion', (xml) => signXml(xml, world.key, 'Assertion')],
    [
      'assertion and then the response',
      (xml) => signXml(signXml(xml, world.key, 'Assertion'), world.key, 'Response'),
    ],
  ])('may have its %s signed', async (_, sign) => {
    expect((await world.send(sign(responseXml(assertionXml())))).subject).toBe('alice@example.com');
  });

  test.each<[string, AssertionOptions]>([
    ['the sign-in address of AWS as audience', { audiences: ['https://signin.aws.amazon.com/saml'] }],
    ['this server’s address as audience', { audiences: ['somebody', 'http://localhost:4000'] }],
    ['this server’s address as recipient', { recipient: 'http://localhost:4000/saml' }],
    ['conditions that begin in 300 seconds', { notBefore: samlTime(300) }],
    ['conditions that ended 299 seconds ago', { notOnOrAfter: samlTime(-299) }],
    ['a confirmation that ended 299 seconds ago', { confirmedUntil: samlTime(-299) }],
    ['a session that has not ended', { sessionUntil: samlTime(3600) }],
    ['times in another zone', { notOnOrAfter: '2027-03-01T02:01:00.1234567+02:00' }],
    ['space around its NameID', { nameId: '\n  alice@example.com\n' }],
  ])('may have %s', async (_, options) => {
    expect((await world.send(world.response(options))).subject).toBe('alice@example.com');
  });

  test('may come in lines', async () => {
    const lines = encodeSaml(world.response()).replace(/.{76}/g, '$&\r\n');

    expect((await world.logIn(SAML_POOL, SAML_ARN, lines)).subject).toBe('alice@example.com');
  });

  test('may be made out to what the operator configured, and then no longer to AWS', async () => {
    const { saml } = world.ctx.config;
    world.ctx.config.saml = { audiences: ['urn:my:app'], recipients: ['https://my.app/acs'] };
    const mine = world.response({ audiences: ['urn:my:app'], recipient: 'https://my.app/acs' });

    const login = await world.send(mine);
    const aws = await world.refuse(world.response());
    world.ctx.config.saml = saml;

    expect(login.claims.aud).toBe('urn:my:app');
    expect(aws).toMatchObject(refused('Incorrect recipient.'));
  });
});

describe('a response that does not hold', () => {
  test.each<[string, AssertionOptions, string]>([
    ['is of another issuer', { issuer: 'https://other.example' }, "Issuer doesn't match providerName"],
    ['is for another audience', { audiences: ['https://other.example'] }, 'Incorrect token audience.'],
    ['is for nobody', { audiences: [] }, 'Incorrect token audience.'],
    ['is for another recipient', { recipient: 'https://other.example/acs' }, 'Incorrect recipient.'],
    [
      'is not for a bearer',
      { method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key' },
      'Incorrect recipient.',
    ],
    ['ended by its conditions', { notOnOrAfter: samlTime(-300) }, `Token expired: ${NOW} >= ${NOW - 300}`],
    [
      'ended by its confirmation',
      { confirmedUntil: samlTime(-300) },
      `Token expired: ${NOW} >= ${NOW - 300}`,
    ],
    ['ended with its session', { sessionUntil: samlTime(-300) }, `Token expired: ${NOW} >= ${NOW - 300}`],
    ['begins later', { notBefore: samlTime(301) }, `Token not yet valid: ${NOW} < ${NOW + 301}`],
    ['is confirmed for ever', { confirmedUntil: null }, 'Not a valid SAML response.'],
    [
      'has a time without zone',
      { notOnOrAfter: '2027-03-01T00:10:00' },
      'The SAML response has a time that cannot be read.',
    ],
    ['has a time that is none', { confirmedUntil: 'soon' }, 'Not a valid SAML response.'],
    ['has an empty NameID', { nameId: ' ' }, 'The NameID must be a text of 1 to 255 characters.'],
    [
      'has a NameID of 256 characters',
      { nameId: 'x'.repeat(256) },
      'The NameID must be a text of 1 to 255 characters.',
    ],
    [
      'has an element in its NameID',
      { nameId: 'alice<saml:X/>@example.com' },
      'The SAML response lacks a NameID that is a text.',
    ],
    ['has two Conditions', { extra: '<saml:Conditions/>' }, 'Not a valid SAML response.'],
    ['has two Subjects', { extra: '<saml:Subject/>' }, 'The SAML response lacks one Subject.'],
  ])('%s', async (_, options, sentence) => {
    expect(await world.refuse(world.response(options))).toMatchObject(refused(sentence));
  });

  test('has a second restriction that does not name us', async () => {
    const restriction =
      '<saml:AudienceRestriction><saml:Audience>other</saml:Audience></saml:AudienceRestriction>';
    const assertion = assertionXml().replace('</saml:Conditions>', `${restriction}</saml:Conditions>`);

    const error = await world.refuse(signXml(responseXml(assertion), world.key, 'Assertion'));

    expect(error).toMatchObject(refused('Incorrect token audience.'));
  });

  test.each<[string, RegExp, string]>([
    ['Conditions', /<saml:Conditions.*<\/saml:Conditions>/, 'one Conditions'],
    ['Subject', /<saml:Subject>.*<\/saml:Subject>/, 'one Subject'],
    ['NameID', /<saml:NameID.*<\/saml:NameID>/, 'one NameID'],
    ['AuthnStatement', /<saml:AuthnStatement.*<\/saml:AuthnStatement>/, 'an AuthnStatement'],
  ])('has no %s', async (_, part, what) => {
    const xml = signXml(responseXml(assertionXml().replace(part, '')), world.key, 'Assertion');

    expect(await world.refuse(xml)).toMatchObject(refused(`The SAML response lacks ${what}.`));
  });

  test('says that the sign-in failed', async () => {
    const xml = signXml(responseXml(assertionXml(), { status: 'Responder' }), world.key, 'Response');

    expect(await world.refuse(xml)).toMatchObject(refused('The SAML response does not say Success.'));
  });

  test('is encrypted', async () => {
    const xml = responseXml('<saml:EncryptedAssertion/>');

    expect(await world.refuse(xml)).toMatchObject(refused('Encrypted SAML assertions are not supported.'));
  });

  test.each([
    'x',
    'not base64!',
    '====',
    Buffer.from('<a>').toString('base64'),
    Buffer.from('<a/>').toString('base64'),
  ])('is none: %s', async (token) => {
    expect(await world.refusal(SAML_POOL, SAML_ARN, token)).toMatchObject(
      refused('Not a valid SAML response.'),
    );
  });

  test('is of a provider that the pool does not name', async () => {
    const error = await world.refusal(
      { ...SAML_POOL, samlProviderArns: [] },
      SAML_ARN,
      encodeSaml(world.response()),
    );

    expect(error.message).toBe('Token is not from a supported provider of this identity pool.');
  });
});

describe('an assertion that was used', () => {
  const used = refused('The SAML assertion was used before.');

  test('is good again for the same user in the same pool, as when credentials follow getId, until it ends', async () => {
    const xml = world.response();

    await world.send(xml);
    expect((await world.send(xml)).subject).toBe('alice@example.com');
    world.clock.advance(600);
    expect(await world.refuse(xml)).toMatchObject(refused(`Token expired: ${NOW + 600} >= ${NOW + 300}`));
  });

  test('is not good in another pool', async () => {
    const xml = world.response();
    await world.send(xml);

    const elsewhere = world.send(xml, 'us-east-1:22222222-2222-4333-8444-555555555555');

    await expect(elsewhere).rejects.toMatchObject(used);
  });

  test('is not good for another user, though the provider gave out its id twice', async () => {
    await world.send(world.response({ id: '_twice' }));

    expect(await world.refuse(world.response({ id: '_twice', nameId: 'mallory' }))).toMatchObject(used);
  });

  test('is bound to one of two pools that get it at once', async () => {
    const xml = world.response();
    const pools = [1, 2, 3, 4].map((n) => `us-east-1:0000000${n}-2222-4333-8444-555555555555`);

    const outcomes = await Promise.allSettled(pools.map((id) => world.send(xml, id)));

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('is forgotten when it holds no longer, and not before', async () => {
    await world.node.query('DELETE FROM used_saml_assertions');
    await world.send(world.response());
    const count = () => world.node.manager.count(UsedSamlAssertion);

    world.clock.advance(599);
    await sweepUsedSamlAssertions(world.ctx);
    const before = await count();
    world.clock.advance(1);
    await startHousekeeping(world.ctx).stop();

    expect([before, await count()]).toEqual([1, 0]);
  });
});
