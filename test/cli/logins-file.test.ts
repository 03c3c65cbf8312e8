import { parseLogins } from '../../src/cli/import-cognito/logins-file';

const ID = 'us-east-1:01234567-89ab-cdef-0123-456789abcdef';
const entries = (text: string): unknown => [...parseLogins(text)];
const ANN = [ID, [{ provider: 'graph.facebook.com', subject: 'ann' }]];

describe('a file of logins', () => {
  it.each([
    ['CSV', `identityId,provider,subject\n${ID},graph.facebook.com,ann\n`],
    [
      'CSV with other columns, a mark of its encoding and empty lines',
      `\uFEFFsubject,note,identityId,provider\r\n\r\nann,,${ID},graph.facebook.com\r\n`,
    ],
    ['CSV with quotes', `identityId,provider,subject\n"${ID}","graph.facebook.com","ann"`],
    ['JSON in lines', `\n{"identityId":"${ID}","provider":"graph.facebook.com","subject":"ann"}\n`],
  ])('may be %s', (_name, text) => {
    expect(entries(text)).toEqual([ANN]);
  });

  it('gives an identity several logins of different providers', () => {
    const text = `identityId,provider,subject\n${ID},a,1\n${ID},b,2`;

    expect(parseLogins(text).get(ID)).toEqual([
      { provider: 'a', subject: '1' },
      { provider: 'b', subject: '2' },
    ]);
  });

  it.each([
    ['an id that is none', 'identityId,provider,subject\nx,a,1', /^line 2: identityId must look like/],
    ['a missing column', `identityId,provider\n${ID},a`, /^line 1: the first line must name/],
    ['a member that is not there', `{"identityId":"${ID}","provider":"a"}`, /^line 1: subject is missing$/],
    ['a line that is cut off', `identityId,provider,subject\n${ID},a`, /^line 2: subject is missing$/],
    ['two users of one provider', `identityId,provider,subject\n${ID},a,1\n${ID},a,2`, /^line 3: .* already/],
    ['a stray quote', `identityId,provider,subject\n${ID},a"b,1`, /^line 2: a quote/],
    ['broken JSON', `{"identityId":"${ID}","provider":"a","subject":"1"}\n{`, /^line 2: is no JSON/],
  ])('with %s is refused with its line', (_name, text, sentence) => {
    expect(() => parseLogins(text)).toThrow(sentence);
  });
});
