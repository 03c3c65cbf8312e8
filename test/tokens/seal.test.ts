import { deriveKey, open, seal, type SealPurpose } from '../../src/tokens/seal';

const SECRET = 'a master secret of the tests, long enough';

test.each(['', 'text', 'naïve 🐙 text', 'x'.repeat(100_000)])(
  'What was sealed is opened unchanged',
  (text) => {
    const sealed = seal(SECRET, 'signing-key', text);

    expect(open(SECRET, 'signing-key', sealed)).toBe(text);
  },
);

test('A sealed text needs no escaping in URLs and does not show what it holds', () => {
  const sealed = seal(SECRET, 'signing-key', 'the private key');

  expect(sealed).toMatch(/^[\w-]+$/);
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('private');
});

test('A sealed text never begins with a dash, which command lines would take for an option', () => {
  const firsts = new Set(Array.from({ length: 2000 }, () => seal(SECRET, 'session-token', 'text')[0]));

  expect(firsts).not.toContain('-');
  expect(firsts.size).toBeGreaterThan(50);
});

test('The same text is sealed differently each time', () => {
  expect(seal(SECRET, 'signing-key', 'text')).not.toBe(seal(SECRET, 'signing-key', 'text'));
});

test('Another purpose or another secret does not open it', () => {
  const sealed = seal(SECRET, 'signing-key', 'text');

  expect(open(SECRET, 'api-key-secret', sealed)).toBeUndefined();
  expect(open(`${SECRET}!`, 'signing-key', sealed)).toBeUndefined();
});

test('A change of any byte, a cut and an addition are noticed', () => {
  const bytes = Buffer.from(seal(SECRET, 'signing-key', 'text'), 'base64url');

  const damaged = Array.from(bytes, (byte, index) => {
    const copy = Buffer.from(bytes);
    copy[index] = byte ^ 1;
    return copy;
  });
  damaged.push(bytes.subarray(0, -1), bytes.subarray(1), Buffer.concat([bytes, Buffer.from('x')]));

  for (const copy of damaged) expect(open(SECRET, 'signing-key', copy.toString('base64url'))).toBeUndefined();
});

test.each(['', 'x', '====', 'not sealed by us at all, but long enough to be'])(
  'Garbage (%s) opens as nothing',
  (text) => {
    expect(open(SECRET, 'signing-key', text)).toBeUndefined();
  },
);

test('Each purpose has a key of its own, of 32 bytes, that depends on the secret', () => {
  const purposes: SealPurpose[] = ['access-token', 'api-key-secret', 'session-token', 'signing-key'];

  const keys = [...purposes.map((p) => deriveKey(SECRET, p)), deriveKey(`${SECRET}!`, 'access-token')];

  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(purposes.length + 1);
  expect(new Set(keys.map((key) => key.length))).toEqual(new Set([32]));
  expect(deriveKey(SECRET, 'access-token')).toEqual(keys[0]);
});
