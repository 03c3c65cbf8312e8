import { TargetError, UnreachableError } from '../../src/cli/import-cognito/graphql-target';
import { whyItBrokeOff } from '../../src/cli/import-cognito/why-it-broke-off';

const TO = 'https://sync.example.com';
const named = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, ...more });

describe('why an import broke off', () => {
  it.each([
    [
      'the target refuses it, by its address',
      new TargetError('The key is revoked.', 'NOT_AUTHORIZED', undefined, 'REVOKED'),
      `The Rockpool at ${TO} refuses: NOT_AUTHORIZED: The key is revoked.`,
    ],
    [
      'the target is away',
      new UnreachableError(`${TO}/graphql cannot be reached: connect ECONNREFUSED`),
      `${TO}/graphql cannot be reached: connect ECONNREFUSED`,
    ],
    [
      'the source is away',
      named('Error', 'connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' }),
      'The source cannot be read: connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      'the source refuses it, by the name of the exception',
      named('ExpiredTokenException', 'The token is expired'),
      'The source cannot be read: ExpiredTokenException: The token is expired',
    ],
    [
      'no region is known, with the option',
      named('Error', 'Region is missing'),
      'The source cannot be read: Region is missing. Name it with --region.',
    ],
    [
      'no credentials are known, with the option',
      named('CredentialsProviderError', 'Could not load credentials from any providers'),
      expect.stringMatching(/^The source cannot be read: .* --profile chooses a profile\.$/),
    ],
    ['of something else, as it says itself', named('TypeError', 'x is no y'), 'TypeError: x is no y'],
  ])('says that %s', (_name, error, sentence) => {
    expect(whyItBrokeOff(error, TO)).toEqual(sentence);
  });
});
