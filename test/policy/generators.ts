/** Policies and requests from few words, so that they collide often and every outcome is common. */
import fc from 'fast-check';

const oneOrMany = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(arbitrary, fc.array(arbitrary, { minLength: 1, maxLength: 3 }));

export const action = fc.constantFrom(
  'cognito-sync:ListRecords',
  'cognito-sync:UpdateRecords',
  'Cognito-Sync:listrecords',
  'cognito-identity:DescribeIdentity',
);
const actionPattern = fc.constantFrom(
  '*',
  '*:*',
  'cognito-sync:*',
  'COGNITO-SYNC:List*',
  'cognito-sync:?pdate*s',
  'cognito-sync:UpdateRecords',
  'cognito-identity:Describe*',
  's3:*',
);

const ARN = 'arn:aws:cognito-sync:us-east-1:123456789012:identitypool/';
export const resource = fc.constantFrom(
  '*',
  `${ARN}p1/identity/me/dataset/settings`,
  `${ARN}p1/identity/me/dataset/red`,
  `${ARN}p1/identity/you/dataset/settings`,
  `${ARN}p1/identity/*/dataset/red`,
  `${ARN}p1/identity/a:b/dataset/red`,
  'arn:aws:cognito-sync:eu-west-1:123456789012:identitypool/p1',
);
const resourcePattern = fc.constantFrom(
  '*',
  `${ARN}*`,
  'arn:aws:cognito-sync:*:*:*',
  'arn:*:cognito-sync:us-*:1234567890??:identitypool/p?/*/dataset/*',
  'arn:aws:cognito-sync:*:identitypool/*:x',
  `${ARN}p1/identity/\${sync:sub}/dataset/*`,
  `${ARN}p1/identity/*/dataset/\${aws:PrincipalTag/team}`,
  `${ARN}p1/identity/\${${'*'}}/dataset/*`,
  `${ARN}p1/identity/\${sync:sub, 'me'}/dataset/\${aws:PrincipalTag/team, 'settings'}`,
  `${ARN}p1/identity/\${sync:amr}/*`,
  's3'.replace('s3', 'arn:aws:s3:::bucket/*'),
);

const scalar = fc.constantFrom('red', 'blue', 'RED', '*', 'r?d', 'a:b', 'me', '');
const several = fc.array(fc.constantFrom('red', 'blue', 'authenticated', '*', ''), { maxLength: 3 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });

const ips = [
  '203.0.113.7',
  '203.0.113.200',
  '10.0.0.1',
  '2001:db8::1',
  '::1',
  '::ffff:203.0.113.7',
  'nonsense',
];
const dates = [
  '2026-01-01T00:00:00Z',
  '2026-01-01T01:00:00+01:00',
  '2026',
  '1767225600',
  '2027-06-01',
  'soon',
];
const arns = [
  'arn:aws:sns:us-east-1:123456789012:red',
  'arn:aws:sns:eu-west-1:123456789012:red:blue',
  'red',
  '*',
];

export const context = fc
  .record({
    'aws:PrincipalTag/team': maybe(scalar),
    'sync:sub': maybe(fc.constantFrom('me', 'you', '*', 'a:b')),
    'sync:amr': maybe(several),
    'aws:TagKeys': maybe(several),
    'sync:count': maybe(fc.constantFrom('10', '10.0', '9', '1e1', 'ten')),
    'aws:CurrentTime': maybe(fc.constantFrom(...dates)),
    'aws:SecureTransport': maybe(fc.constantFrom('true', 'false', 'TRUE')),
    'aws:SourceIp': maybe(fc.constantFrom(...ips)),
    'aws:SourceArn': maybe(
      fc.oneof(fc.constantFrom(...arns), fc.array(fc.constantFrom(...arns), { maxLength: 2 })),
    ),
    'sync:bytes': maybe(fc.constantFrom('cmVk', 'Ymx1ZQ==', 'Ymx1ZQ')),
    fold: fc.boolean(),
  })
  .map(({ fold, ...keys }) =>
    Object.fromEntries(Object.entries(keys).map(([key, value]) => [fold ? key.toUpperCase() : key, value])),
  ) as fc.Arbitrary<Record<string, string | string[] | undefined>>;

const families = [
  {
    operators: ['Equals', 'NotEquals', 'EqualsIgnoreCase', 'NotEqualsIgnoreCase', 'Like', 'NotLike'].map(
      (name) => `String${name}`,
    ),
    keys: ['aws:PrincipalTag/team', 'AWS:principaltag/TEAM', 'sync:sub', 'sync:amr', 'aws:TagKeys'],
    values: [
      'red',
      'blue',
      'Red',
      'r*',
      'r?d',
      '*',
      '',
      '${aws:PrincipalTag/team}',
      '${sync:sub}',
      '${sync:amr}',
      "${aws:PrincipalTag/team, 'red'}",
      '${*}',
      'r${?}d',
    ],
  },
  {
    operators: ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (name) => `Numeric${name}`,
    ),
    keys: ['sync:count'],
    values: ['10', 10, '9', 9.5, '11'],
  },
  {
    operators: ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (name) => `Date${name}`,
    ),
    keys: ['aws:CurrentTime'],
    values: dates.slice(0, -1),
  },
  { operators: ['Bool'], keys: ['aws:SecureTransport'], values: ['true', 'false', true, false] },
  { operators: ['BinaryEquals'], keys: ['sync:bytes'], values: ['cmVk', 'Ymx1ZQ=='] },
  {
    operators: ['IpAddress', 'NotIpAddress'],
    keys: ['aws:SourceIp'],
    values: ['203.0.113.0/24', '203.0.113.7', '203.0.113.128/25', '0.0.0.0/0', '2001:DB8::/32', '::1'],
  },
  {
    operators: ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
    keys: ['aws:SourceArn'],
    values: [
      'arn:aws:sns:*:*:red',
      'arn:aws:sns:*:red',
      'arn:aws:sns:us-east-1:123456789012:re?',
      'arn:aws:sns:*:123456789012:*',
      'arn:aws:sns:us-east-1:123456789012:${aws:PrincipalTag/team}',
      '${aws:SourceArn}',
    ].filter((value) => value.startsWith('$') || value.split(':').length >= 6),
  },
] as const;

/** One operator, with every qualifier and suffix, on one key with its values. */
export const condition = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('Null'),
      fc.constantFrom('sync:sub', 'sync:amr', 'aws:TagKeys'),
      oneOrMany(fc.constantFrom('true', 'false', true)),
    ),
  },
  ...families.map((family) => ({
    weight: family.operators.length,
    arbitrary: fc
      .tuple(
        fc.constantFrom('', '', 'ForAnyValue:', 'ForAllValues:'),
        fc.constantFrom(...family.operators),
        fc.constantFrom('', '', 'IfExists'),
        fc.constantFrom(...family.keys),
        oneOrMany(fc.constantFrom<string | number | boolean>(...family.values)),
      )
      .map(([set, name, suffix, key, values]) => [`${set}${name}${suffix}`, key, values] as const),
  })),
) as unknown as fc.Arbitrary<[string, string, unknown]>;

const conditions = fc.array(condition, { maxLength: 2 }).map((all) =>
  all.reduce<Record<string, object>>((block, [operator, key, values]) => {
    block[operator] = { ...block[operator], [key]: values };
    return block;
  }, {}),
);

const element = <T>(name: string, not: string, values: fc.Arbitrary<T>) =>
  fc
    .tuple(fc.constantFrom(name, name, name, not), oneOrMany(values))
    .map(([key, value]) => ({ [key]: value }));

const effect = fc.constantFrom('Allow', 'Allow', 'Deny');

const statement = fc
  .tuple(
    effect,
    element('Action', 'NotAction', actionPattern),
    element('Resource', 'NotResource', resourcePattern),
    fc.option(conditions, { nil: undefined, freq: 1 }),
  )
  .map(([Effect, actions, resources, Condition]) => ({
    Effect,
    ...actions,
    ...resources,
    ...(Condition && { Condition }),
  }));

const version = fc.constantFrom('2012-10-17', '2012-10-17', '2012-10-17', '2008-10-17', undefined);

const documentOf = <T extends object>(statements: fc.Arbitrary<T>) =>
  fc
    .tuple(version, fc.array(statements, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([Version, all, named]) => ({
      ...(Version && { Version }),
      Statement:
        all.length === 1 && !named ? all[0] : all.map((s, i) => (named ? { Sid: `S${i}`, ...s } : s)),
    }));

export const document = documentOf(statement);

export const policies = fc.record({
  permissions: fc.array(document, { maxLength: 3 }),
  sessionPolicies: fc.oneof(
    fc.constant(undefined),
    fc.constant([]),
    fc.array(
      fc.oneof(document, fc.constant({ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] })),
      {
        maxLength: 2,
      },
    ),
  ),
});

const COGNITO = 'cognito-identity.amazonaws.com';
const principalElement = fc.constantFrom<unknown>(
  '*',
  { AWS: '*' },
  { Federated: COGNITO },
  { Federated: ['accounts.google.com', COGNITO] },
  { Federated: 'accounts.google.com', Service: 'ec2.amazonaws.com' },
  { AWS: ['123456789012', 'arn:aws:iam::210987654321:root'] },
  { AWS: 'arn:aws:iam::123456789012:role/r' },
);

const trustStatement = fc
  .tuple(
    effect,
    fc.tuple(fc.constantFrom('Principal', 'Principal', 'NotPrincipal'), principalElement),
    element(
      'Action',
      'NotAction',
      fc.constantFrom('sts:AssumeRoleWithWebIdentity', 'sts:*', 'sts:TagSession', 'sts:Assume*'),
    ),
    fc.option(conditions, { nil: undefined, freq: 1 }),
  )
  .map(([Effect, [name, value], actions, Condition]) => ({
    Effect,
    [name]: value,
    ...actions,
    ...(Condition && { Condition }),
  }));

export const trustDocument = documentOf(trustStatement);

export const trustRequest = fc.record({
  action: fc.constantFrom('sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:AssumeRole'),
  principal: fc.constantFrom<Record<string, string>>(
    { Federated: COGNITO },
    { Federated: 'accounts.google.com' },
    { AWS: 'arn:aws:iam::123456789012:role/r' },
    { AWS: 'arn:aws:sts::210987654321:assumed-role/r/s' },
    { Service: 'ec2.amazonaws.com' },
  ),
  context,
});
