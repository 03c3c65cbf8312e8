import { compileCondition, parseOperator } from '../../src/policy/condition';
import { RequestContext, type ContextValues } from '../../src/policy/request-context';

type Row = [
  operator: string,
  expected: string | string[],
  actual: string | string[] | undefined,
  holds: boolean,
];

function holds(operator: string, expected: string | string[], context: ContextValues): boolean | undefined {
  const values = ([] as string[]).concat(expected);
  return compileCondition(operator, 'x:key', values, true)?.holds(new RequestContext(context));
}

const check = (operator: string, expected: Row[1], actual: Row[2], result: boolean): void =>
  expect(holds(operator, expected, { 'x:key': actual })).toBe(result);

// "IAM JSON policy elements: Condition operators"
describe('string operators', () => {
  test.each<Row>([
    ['StringEquals', 'john', 'john', true],
    ['StringEquals', 'john', 'John', false],
    ['StringEquals', 'j*', 'john', false],
    ['StringEquals', 'j*', 'j*', true],
    ['StringEquals', ['a', 'john'], 'john', true],
    ['StringNotEquals', 'john', 'jane', true],
    ['StringNotEquals', ['john', 'jane'], 'jane', false],
    ['StringEqualsIgnoreCase', 'JOHN', 'john', true],
    ['StringNotEqualsIgnoreCase', 'JOHN', 'john', false],
    ['StringLike', ['', 'home/', 'home/bob/*'], 'home/bob/x', true],
    ['StringLike', ['', 'home/', 'home/bob/*'], '', true],
    ['StringLike', 't2.*', 't20.micro', false],
    ['StringLike', 'T2.*', 't2.micro', false],
    ['StringLike', 'a?c', 'abc', true],
    ['StringNotLike', 'a*', 'abc', false],
    ['StringNotLike', ['b*', 'c*'], 'abc', true],
    // The page's example of where a string operator and an ARN operator differ.
    [
      'StringLike',
      'arn:aws:s:*:111122223333:finance/*',
      'arn:aws:s:r:9:store/abc:111122223333:finance/d',
      true,
    ],
  ])('%s %j with %j: %s', check);
});

describe('numeric operators', () => {
  test.each<Row>([
    ['NumericEquals', '10', '10.0', true],
    ['NumericEquals', '10', '11', false],
    ['NumericEquals', '10', 'ten', false],
    ['NumericEquals', '16', '0x10', false],
    ['NumericEquals', '0', '', false],
    ['NumericNotEquals', '10', '11', true],
    ['NumericNotEquals', '10', '1e1', false],
    ['NumericLessThan', '10', '9', true],
    ['NumericLessThan', '10', '10', false],
    ['NumericLessThan', '9', '10', false],
    ['NumericLessThanEquals', '10', '10', true],
    ['NumericLessThanEquals', '10', '10.1', false],
    ['NumericGreaterThan', '10', '10', false],
    ['NumericGreaterThan', '-1', '0', true],
    ['NumericGreaterThanEquals', '10', '10', true],
    ['NumericGreaterThanEquals', '10', '9.99', false],
  ])('%s %j with %j: %s', check);
});

describe('date operators', () => {
  test.each<Row>([
    ['DateEquals', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', true],
    ['DateEquals', '1767225600', '2026-01-01T00:00:00Z', true],
    ['DateEquals', '2026', '2026-01-01', true],
    ['DateNotEquals', '2026-01', '2026-01-01T00:00:00.000Z', false],
    ['DateLessThan', '2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z', true],
    ['DateLessThanEquals', '2026-01-01T00:00Z', '2026-01-01T00:00:00Z', true],
    ['DateGreaterThan', '2020-01-01T00:00:01Z', '2020-01-01T00:00:01Z', false],
    ['DateGreaterThan', '2020-01-01T00:00:01Z', '1577836802', true],
    ['DateGreaterThanEquals', '2020-01-01T00:00:01Z', '2020-01-01T00:00:01Z', true],
    ['DateLessThan', '2020-01-01', 'yesterday', false],
    ['DateLessThan', '2030-01-01', '2020-01-01T00:00:00', false],
  ])('%s %j with %j: %s', check);
});

describe('boolean, binary and address operators', () => {
  test.each<Row>([
    ['Bool', 'true', 'true', true],
    ['Bool', 'false', 'false', true],
    ['Bool', 'True', 'true', true],
    ['Bool', 'false', 'true', false],
    ['Bool', 'false', 'no', false],
    ['BinaryEquals', 'QmluYXJ5VmFsdWVJbkJhc2U2NA==', 'QmluYXJ5VmFsdWVJbkJhc2U2NA', true],
    ['BinaryEquals', 'QmluYXJ5VmFsdWVJbkJhc2U2NA==', 'BinaryValueInBase64', false],
    ['IpAddress', '203.0.113.0/24', '203.0.113.255', true],
    ['IpAddress', '203.0.113.0/24', '203.0.114.0', false],
    ['IpAddress', '203.0.113.5', '203.0.113.5', true],
    ['IpAddress', '203.0.113.5', '203.0.113.6', false],
    ['IpAddress', '203.0.113.77/24', '203.0.113.1', true],
    ['IpAddress', ['203.0.113.0/24', '2001:DB8:1234:5678::/64'], '2001:db8:1234:5678:9::1', true],
    ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5679::1', false],
    ['IpAddress', '::1', '::1', true],
    ['IpAddress', '::1', '::2', false],
    ['IpAddress', '203.0.113.0/24', '::ffff:203.0.113.9', true],
    ['IpAddress', '0.0.0.0/0', '8.8.8.8', true],
    ['IpAddress', '0.0.0.0/0', '2001:db8::1', false],
    ['IpAddress', '::/0', '2001:db8::1', true],
    ['IpAddress', '0.0.0.0/0', 'nonsense', false],
    ['IpAddress', 'fe80::/10', 'fe80::1%eth0', false],
    ['NotIpAddress', '203.0.113.0/24', '203.0.113.1', false],
    ['NotIpAddress', ['203.0.113.0/24', '10.0.0.0/8'], '192.0.2.1', true],
  ])('%s %j with %j: %s', check);
});

describe('ARN operators', () => {
  test.each<Row>([
    ['ArnLike', 'arn:aws:s:*:111122223333:finance/*', 'arn:aws:s:us-east-2:111122223333:finance/d', true],
    [
      'ArnLike',
      'arn:aws:s:*:111122223333:finance/*',
      'arn:aws:s:r:9:store/abc:111122223333:finance/d',
      false,
    ],
    ['ArnEquals', 'arn:aws:sns:*:1:t*', 'arn:aws:sns:r:1:topic', true],
    ['ArnEquals', 'arn:aws:sns:r:1:topic', 'arn:aws:sns:r:1:Topic', false],
    ['ArnEquals', 'arn:aws:sns:r:1:topic', 'topic', false],
    ['ArnNotEquals', 'arn:aws:sns:r:1:t*', 'arn:aws:sns:r:1:topic', false],
    ['ArnNotLike', 'arn:aws:sns:r:1:t*', 'arn:aws:sns:r:2:topic', true],
    ['ArnLike', '*', 'arn:aws:sns:r:1:topic', false],
  ])('%s %j with %j: %s', check);
});

// "If the key that you specify in a policy condition is not present in the request context, the values do not match
// ... If the policy condition requires that the key is not matched ... the condition is true."
describe('a key that the request does not have', () => {
  const plain = [
    'StringEquals',
    'StringLike',
    'NumericLessThan',
    'DateEquals',
    'Bool',
    'IpAddress',
    'ArnLike',
  ];
  const not = [
    'StringNotEquals',
    'StringNotLike',
    'NumericNotEquals',
    'DateNotEquals',
    'NotIpAddress',
    'ArnNotLike',
  ];
  test.each<[string, boolean]>([
    ...plain.map((operator): [string, boolean] => [operator, false]),
    ...not.map((operator): [string, boolean] => [operator, true]),
    ...plain.map((operator): [string, boolean] => [`${operator}IfExists`, true]),
    ...not.map((operator): [string, boolean] => [`${operator}IfExists`, true]),
    // "It also returns true if there are no context keys in the request" (multivalued context keys).
    ...[...plain, ...not].map((operator): [string, boolean] => [`ForAllValues:${operator}`, true]),
    ...[...plain, ...not].map((operator): [string, boolean] => [`ForAnyValue:${operator}`, false]),
    ...plain.map((operator): [string, boolean] => [`ForAnyValue:${operator}IfExists`, true]),
  ])('%s: %s', (operator, expected) => {
    for (const absent of [undefined, [], [''], ['', '']]) check(operator, '1', absent, expected);
    expect(holds(operator, '1', {})).toBe(expected);
  });

  test.each<Row>([
    ['Null', 'true', undefined, true],
    ['Null', 'true', [], true],
    ['Null', 'true', 'x', false],
    ['Null', 'false', undefined, false],
    ['Null', 'false', 'x', true],
    ['Null', 'False', '', true],
    ['Null', ['true', 'false'], 'x', true],
    // "If the key is present in the context of the request, process the key as specified in the policy."
    ['StringEqualsIfExists', 'a', 'b', false],
    ['StringEqualsIfExists', 'a', 'a', true],
    ['StringEqualsIfExists', 'a', '', false],
  ])('%s %j with %j: %s', check);
});

// "Single-valued vs. multivalued context keys", and its table of requested attributes.
describe('a key with several values', () => {
  const wanted = ['PostDateTime', 'Message', 'Tags'];
  test.each<Row>([
    ['ForAllValues:StringEquals', wanted, ['PostDateTime', 'Message'], true],
    ['ForAllValues:StringEquals', wanted, ['PostDateTime', 'UserName'], false],
    ['ForAnyValue:StringEquals', wanted, ['PostDateTime', 'UserName'], true],
    ['ForAnyValue:StringEquals', ['ID', 'PostDateTime'], ['UserName'], false],
    ['ForAnyValue:StringLike', '*Name', ['ID', 'UserName'], true],
    ['ForAllValues:StringNotEquals', wanted, ['ID', 'UserName'], true],
    ['ForAllValues:StringNotEquals', wanted, ['ID', 'Tags'], false],
    ['ForAnyValue:StringNotEquals', wanted, ['ID', 'Tags'], true],
    ['ForAnyValue:StringNotEquals', wanted, ['Message', 'Tags'], false],
    ['ForAllValues:StringEquals', wanted, 'Tags', true],
    ['ForAnyValue:StringEquals', wanted, 'Tags', true],
    ['ForAnyValue:StringEquals', wanted, 'ID', false],
    // "Multivalued context keys require a condition set operator."
    ['StringEquals', wanted, ['Tags', 'Message'], false],
    ['StringNotEquals', wanted, ['ID', 'UserName'], false],
    ['StringEquals', wanted, ['Tags'], true],
    ['StringNotEquals', wanted, ['Tags'], false],
  ])('%s %j with %j: %s', check);
});

// "IAM policy elements: Variables and tags": "any attempt to match it fails and causes the statement to be invalid".
describe('a variable that cannot be resolved', () => {
  const context = { 'x:key': 'a', 'x:many': ['a', 'b'], 'x:one': ['a'] };
  test.each<[string, string | string[], boolean]>([
    ['StringEquals', '${x:none}', false],
    ['StringEquals', ['${x:none}', 'a'], true],
    ['StringNotEquals', '${x:none}', false],
    ['StringNotEquals', ['b', '${x:none}'], false],
    ['StringNotEqualsIfExists', '${x:none}', false],
    ['ForAllValues:StringNotEquals', '${x:none}', false],
    ['ForAnyValue:StringNotLike', '${x:none}', false],
    ['ArnNotLike', '${x:none}', false],
    ['StringEquals', "${x:none, 'a'}", true],
    ['StringNotEquals', "${x:none, 'a'}", false],
    // "You cannot use a multivalued context key as a policy variable."
    ['StringEquals', '${x:many}', false],
    ['StringNotEquals', '${x:many}', false],
    ['StringEquals', '${x:one}', true],
    ['StringEquals', '${X:KEY}', true],
  ])('%s %j: %s', (operator, expected, result) => {
    expect(holds(operator, expected, context)).toBe(result);
  });

  // "To prevent variables from causing invalid statements, use the ...IfExists condition operator."
  test('does not matter when IfExists finds no key to compare', () => {
    expect(holds('StringEqualsIfExists', '${x:none}', {})).toBe(true);
    expect(holds('StringNotEquals', '${x:none}', {})).toBe(true);
  });
});

describe('names of keys', () => {
  test.each(['x:key', 'X:KEY', 'x:Key'])('are not case-sensitive: %s', (key) => {
    expect(holds('StringEquals', 'a', { [key]: 'a' })).toBe(true);
    expect(holds('Null', 'true', { [key]: 'a' })).toBe(false);
  });

  test('are never taken from what every object inherits', () => {
    const inherited = compileCondition('Null', 'constructor', ['true'], true);
    expect(inherited?.holds(new RequestContext({}))).toBe(true);
    const context = new RequestContext(Object.create({ 'x:key': 'a' }) as ContextValues);
    expect(context.values('x:key')).toBeUndefined();
  });

  test('in two spellings have the exact one first', () => {
    const context = new RequestContext({ 'X:KEY': 'folded', 'x:key': 'exact' });
    expect(context.lookup('x:key')).toBe('exact');
    expect(context.lookup('x:KEY')).toBe('folded');
  });
});

describe('names of operators', () => {
  test.each([
    '',
    'Null:x',
    'IfExists',
    'ForAnyValue:',
    'StringEqualsIfExistsIfExists',
    'toString',
    '__proto__',
    'nullifexists',
  ])('%j is none', (name) => {
    expect(parseOperator(name)).toBeUndefined();
    expect(compileCondition(name, 'x:key', ['a'], true)).toBeUndefined();
  });
});
