import { oauth1Header, oauth1Signature } from '../../src/logins/oauth1';

test('The example of RFC 5849, section 1.2, is signed as it is there', () => {
  const url = new URL('http://photos.example.net/photos?file=vacation.jpg&size=original');
  const parameters: [string, string][] = [
    ['oauth_consumer_key', 'dpf43f3p2l4k3l03'],
    ['oauth_token', 'nnch734d00sl2jdk'],
    ['oauth_signature_method', 'HMAC-SHA1'],
    ['oauth_timestamp', '137131202'],
    ['oauth_nonce', 'chapoH'],
  ];
  const secrets = { consumerSecret: 'kd94hf93k423kf44', tokenSecret: 'pfkkdhi9sl3r4s00' };

  expect(encodeURIComponent(oauth1Signature('GET', url, parameters, secrets))).toBe(
    'MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D',
  );
});

test.each([
  ['1', 'tnnArxj06cWHq44gCs1OSKk/jLY='],
  ['1.1', 'hCtSmYh+iHYCEqBWrE7C7hYmtUk='],
])('The example of Twitter’s documentation, version %s, is signed as it is there', (version, signature) => {
  const url = new URL(`https://api.twitter.com/${version}/statuses/update.json?include_entities=true`);
  const parameters: [string, string][] = [
    ['status', 'Hello Ladies + Gentlemen, a signed OAuth request!'],
    ['oauth_consumer_key', 'xvz1evFS4wEEPTGEFPHBog'],
    ['oauth_nonce', 'kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg'],
    ['oauth_signature_method', 'HMAC-SHA1'],
    ['oauth_timestamp', '1318622958'],
    ['oauth_token', '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb'],
    ['oauth_version', '1.0'],
  ];
  const secrets = {
    consumerSecret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
    tokenSecret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE',
  };

  expect(oauth1Signature('POST', url, parameters, secrets)).toBe(signature);
});

test('Parameters of the same name are signed in the order of their values, and every reserved character is encoded', () => {
  const secrets = { consumerSecret: "a&b!*'()", tokenSecret: '' };
  const sign = (query: string) =>
    oauth1Signature('GET', new URL(`https://a.example/p?${query}`), [], secrets);

  expect(sign('a=2&a=1&b=%21%27%28%29%2A')).toBe(sign('b=%21%27%28%29%2A&a=1&a=2'));
  expect(sign('a=1')).not.toBe(sign('a=2'));
});

test('The header has all members, encoded, and neither secret', () => {
  const header = oauth1Header(new URL('https://a.example/'), {
    consumerKey: 'the key',
    consumerSecret: 'consumer-secret',
    token: 'the"token',
    tokenSecret: 'token-secret',
    nonce: 'n',
    timestamp: 7,
  });

  expect(header).toMatch(
    /^OAuth oauth_consumer_key="the%20key", oauth_nonce="n", oauth_signature_method="HMAC-SHA1", oauth_timestamp="7", oauth_token="the%22token", oauth_version="1.0", oauth_signature="[A-Za-z0-9%]+"$/,
  );
  expect(header).not.toContain('secret');
});
