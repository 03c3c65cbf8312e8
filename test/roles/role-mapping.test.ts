import { chooseRole, type MappingRule } from '../../src/roles/role-mapping';

const ROLE = 'arn:aws:iam::000000000000:role/Admins';

/** The role that one rule on the claim `groups` gives; null when it does not match. */
const roleFor = (groups: unknown, rule: Partial<MappingRule> = {}): string | null =>
  chooseRole({
    mapping: {
      identityProvider: 'issuer.example.com',
      type: 'Rules',
      ambiguousRoleResolution: 'AuthenticatedRole',
      rules: [{ claim: 'groups', matchType: 'Contains', value: 'admins', roleArn: ROLE, ...rule }],
    },
    claims: { groups },
    authenticatedRoleArn: null,
  });

describe('a claim that is a list', () => {
  test('is compared in its text form', () => {
    expect(roleFor(['users', 'admins'])).toBe(ROLE);
    expect(roleFor(['users', 7, true], { matchType: 'Equals', value: '[users, 7, true]' })).toBe(ROLE);
    expect(roleFor(['users'])).toBeNull();
  });

  // Claims are what users made of their profiles, in some providers as free JSON.
  test.each<[string, unknown]>([
    ['an object that cannot be a text', { toString: 1, valueOf: 1 }],
    ['an object', { admins: true }],
    ['a list', ['admins']],
    ['nothing', null],
  ])('with %s in it is compared without that', (_, item) => {
    expect(roleFor([item])).toBeNull();
    expect(roleFor(['admins', item])).toBe(ROLE);
  });

  test('with lists in lists without an end is compared without them', () => {
    const bottomless: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);

    expect(roleFor(['admins', bottomless])).toBe(ROLE);
  });
});

test.each(['__proto__', 'constructor', 'toString'])(
  'A claim %s that is not there matches nothing',
  (claim) => {
    expect(roleFor(['admins'], { claim, matchType: 'NotEqual' })).toBeNull();
  },
);
