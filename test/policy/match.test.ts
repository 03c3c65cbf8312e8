import {
  arnMatches,
  compileArnPattern,
  compileTemplate,
  globMatches,
  resolve,
  splitArn,
} from '../../src/policy/match';

const matches = (pattern: string, text: string): boolean =>
  globMatches(compileTemplate(pattern, false).constant!, text);

const arn = (pattern: string, text: string, context: Record<string, string> = {}): boolean =>
  arnMatches(compileArnPattern(pattern, true), splitArn(text), (key) => context[key]);

// "IAM JSON policy elements: Resource": `*` is any combination of characters, `?` any single character.
describe('wildcards', () => {
  test.each<[string, string, boolean]>([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['?', 'a', true],
    ['?', '', false],
    ['?', 'ab', false],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c2b', false],
    ['a**b', 'ab', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*?', '', false],
    ['?*', 'x', true],
    ['*ab', 'aab', true],
    ['[ab].c', '[ab].c', true],
    ['[ab].c', 'axc', false],
    ['a', 'A', false],
    ['a*', 'a\nb', true],
  ])('%j and %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  // Each of these takes a backtracking regular expression longer than the age of the universe.
  test.each<[string, string, string, boolean]>([
    ['many stars that never meet their end', '*a'.repeat(2_000) + 'b', 'a'.repeat(20_000), false],
    ['many stars that meet their end', '*a'.repeat(2_000), 'a'.repeat(20_000), true],
    ['many stars in a row', '*'.repeat(10_000) + 'b', 'a'.repeat(20_000), false],
    ['stars and marks', '*?'.repeat(2_000) + 'b', 'a'.repeat(20_000), false],
    ['marks after a star', `*${'?'.repeat(200)}b`, 'a'.repeat(20_000), false],
  ])('a hostile pattern of %s is answered', (_, pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  test('the work for a hostile pattern is bounded by pattern times text', () => {
    const pattern = `${'*a'.repeat(200)}b`;
    const text = 'a'.repeat(1_000);
    const original = String.prototype.charCodeAt;
    let reads = 0;
    String.prototype.charCodeAt = function (index) {
      reads++;
      return original.call(this, index);
    };
    try {
      expect(matches(pattern, text)).toBe(false);
    } finally {
      String.prototype.charCodeAt = original;
    }
    expect(reads).toBeGreaterThan(text.length);
    expect(reads).toBeLessThan(3 * pattern.length * text.length);
  });
});

// "IAM JSON policy elements: Resource", "Using wildcards in resource ARNs".
describe('ARN patterns', () => {
  const bucket = 'arn:aws:s3:::amzn-s3-demo-bucket';
  test.each<[string, boolean]>([
    ['1/test/object.jpg', true],
    ['1/2/test/object.jpg', true],
    ['1/2/test/3/object.jpg', true],
    ['1/2/3/test/4/object.jpg', true],
    ['1///test///object.jpg', true],
    ['1/test/.jpg', true],
    ['/test/object.jpg', true],
    ['1/test/', true],
    ['1-test/object.jpg', false],
    ['test/object.jpg', false],
    ['1/2/test.jpg', false],
  ])('the example of the page, */test/*, and %s: %s', (key, expected) => {
    expect(arn(`${bucket}/*/test/*`, `${bucket}/${key}`)).toBe(expected);
  });

  test.each<[string, string, string, boolean]>([
    ['a star is everything, even what is no ARN', '*', '*', true],
    ['a pattern with parts does not match what is no ARN', 'arn:aws:s3:::*', '*', false],
    ['a star in the resource spans colons', 'arn:aws:s3:::a*', 'arn:aws:s3:::a:b:c', true],
    ['a mark in the resource is a colon too', 'arn:aws:s3:::a?b', 'arn:aws:s3:::a:b', true],
    ['a star before the resource spans no colon', 'arn:aws:sqs:*:x', 'arn:aws:sqs:r:1:x', false],
    ['a star in the region does not reach the resource', 'arn:aws:sqs:*:1:x', 'arn:aws:sqs:r:2:q:1:x', false],
    ['a mark in the account is one digit', 'arn:aws:sqs:r:1?3:x', 'arn:aws:sqs:r:123:x', true],
    ['an empty part matches an empty part only', 'arn:aws:s3:::x', 'arn:aws:s3:r::x', false],
    ['a star matches an empty part', 'arn:aws:s3:*:*:x', 'arn:aws:s3:::x', true],
    ['the case counts', 'arn:aws:s3:::Bob', 'arn:aws:s3:::bob', false],
  ])('%s', (_, pattern, text, expected) => {
    expect(arn(pattern, text)).toBe(expected);
  });
});

// "IAM policy elements: Variables and tags".
describe('policy variables', () => {
  const fill = (pattern: string, context: Record<string, string> = {}): string | undefined =>
    resolve(compileTemplate(pattern, true), (key) => context[key])?.text;

  test.each<[string, Record<string, string>, string | undefined]>([
    ['home/${aws:username}/', { 'aws:username': 'bob' }, 'home/bob/'],
    ['${a:b}${a:c}', { 'a:b': '1', 'a:c': '2' }, '12'],
    ['${aws:username}', {}, undefined],
    ["${aws:username, 'anonymous'}", {}, 'anonymous'],
    ["${aws:username,'anonymous'}", {}, 'anonymous'],
    ["${aws:username, ''}", {}, ''],
    ["${aws:username, 'anonymous'}", { 'aws:username': 'bob' }, 'bob'],
    ['${*}${?}${$}', {}, '*?$'],
    ['${$}{aws:username}', { 'aws:username': 'bob' }, '${aws:username}'],
    ['${aws:username}', { 'aws:username': '${aws:username}' }, '${aws:username}'],
    ['${aws:username}', { 'aws:username': '' }, ''],
    ['$ {x} $x', {}, '$ {x} $x'],
  ])('%s with %j is %j', (pattern, context, expected) => {
    expect(fill(pattern, context)).toBe(expected);
  });

  test('are plain text before version 2012-10-17', () => {
    expect(compileTemplate('${aws:username}/${*}', false).constant?.text).toBe('${aws:username}/${*}');
  });

  test.each<[string, string, string, boolean]>([
    ['a star in a value is an asterisk', '*', 'anything', false],
    ['a star in a value matches itself', '*', '*', true],
    ['a mark in a value is a question mark', 'r?d', 'red', false],
    ['stars that the policy wrote stay live beside it', 'a*', 'a*', true],
  ])('%s', (_, value, name, expected) => {
    const context = { 'aws:PrincipalTag/team': value };
    expect(arn('arn:aws:s3:::*/${aws:PrincipalTag/team}/*', `arn:aws:s3:::x/${name}/y`, context)).toBe(
      expected,
    );
  });

  test('an escaped star matches an asterisk only', () => {
    expect(arn('arn:aws:s3:::a${*}', 'arn:aws:s3:::a*')).toBe(true);
    expect(arn('arn:aws:s3:::a${*}', 'arn:aws:s3:::ab')).toBe(false);
  });

  test('a colon in a value does not move the parts of an ARN', () => {
    const pattern = 'arn:aws:sns:${aws:PrincipalTag/region}:1:topic';
    expect(arn(pattern, 'arn:aws:sns:r:2:x:1:topic', { 'aws:PrincipalTag/region': 'r:2:x' })).toBe(false);
    expect(arn('${aws:SourceArn}', 'arn:aws:sns:r:2:*', { 'aws:SourceArn': 'arn:aws:sns:r:2:*' })).toBe(true);
    expect(arn('${aws:SourceArn}', 'arn:aws:sns:r:2:x', { 'aws:SourceArn': 'arn:aws:sns:r:2:*' })).toBe(
      false,
    );
    expect(arn('${aws:SourceArn}*', 'arn:aws:sns:r:2:*x', { 'aws:SourceArn': 'arn:aws:sns:r:2:*' })).toBe(
      true,
    );
  });

  test('a star in a value stays an asterisk where the colons come from a variable', () => {
    const context = { 'aws:SourceArn': 'arn:aws:sns:r:2:t', 'x:end': '*' };
    expect(arn('${aws:SourceArn}*${x:end}', 'arn:aws:sns:r:2:topic', context)).toBe(false);
    expect(arn('${aws:SourceArn}*${x:end}', 'arn:aws:sns:r:2:topic*', context)).toBe(true);
  });
});
