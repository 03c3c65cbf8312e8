import { tagsOfLogins } from '../../src/credentials/principal-tags';
import type { VerifiedLogin } from '../../src/logins/verified-login';
import { identityPoolRow } from '../support/identity-pool-row';

const pool = identityPoolRow({
  principalTagAttributeMaps: [
    { identityProviderName: 'one', useDefaults: false, principalTags: [{ key: 'team', value: 'group' }] },
    { identityProviderName: 'other', useDefaults: false, principalTags: [{ key: 'TEAM', value: 'group' }] },
  ],
});

const loginOf = (provider: string, group: string): VerifiedLogin => ({
  provider,
  subject: 'ada',
  claims: { group },
  qualifier: `${provider}:ada`,
  roleMappingKeys: [provider],
});

const vouchedFor = (principalTags: Record<string, string>): VerifiedLogin => ({
  ...loginOf('cognito-identity.amazonaws.com', 'none'),
  developer: { identityId: 'us-east-1:1', user: 'ada', amr: [], principalTags },
});

test('The first login to name a tag keeps it', () => {
  const [one, other] = [loginOf('one', 'red'), loginOf('other', 'green')];

  expect(tagsOfLogins(pool, [one, other])).toEqual({ team: 'red' });
  expect(tagsOfLogins(pool, [other, one])).toEqual({ TEAM: 'green' });
});

test('A claim does not speak in the place of the back end, in whatever case its tag is written', () => {
  const logins = [vouchedFor({ Team: 'blue', plan: 'paid' }), loginOf('one', 'red')];

  expect(tagsOfLogins(pool, logins)).toEqual({ Team: 'blue', plan: 'paid' });
});

test('Tags of one login in two cases are one tag', () => {
  expect(tagsOfLogins(pool, [vouchedFor({ Team: 'blue', team: 'red' })])).toEqual({ Team: 'blue' });
});
