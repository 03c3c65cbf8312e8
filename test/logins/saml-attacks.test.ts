import { createHmac, createPublicKey } from 'node:crypto';
import { readSamlMetadata } from '../../src/logins/saml-metadata';
import { signedAssertionOf } from '../../src/logins/saml-response';
import {
  assertionXml,
  encodeSaml,
  makeSamlKey,
  responseXml,
  samlMetadata,
  signXml,
} from '../support/saml-identity-provider';
import { SAML_ARN, SAML_POOL, openSamlWorld, type SamlWorld } from '../support/saml-world';

const WITH_COMMENTS = 'http://www.w3.org/2001/10/xml-exc-c14n#WithComments';

let world: SamlWorld;

beforeAll(async () => {
  world = await openSamlWorld();
});

afterAll(() => world.close());

const UNVERIFIED = { code: 'NOT_AUTHORIZED', message: "Invalid login token. Couldn't verify signed token." };
const NO_RESPONSE = { code: 'NOT_AUTHORIZED', message: 'Invalid login token. Not a valid SAML response.' };

const EVIL = assertionXml({ id: '_evil', nameId: 'mallory' });

/** Texts between two marks, the marks included. */
const cut = (xml: string, from: string, to: string): string =>
  xml.slice(xml.indexOf(from), xml.indexOf(to) + to.length);

const signatureOf = (xml: string): string => cut(xml, '<Signature', '</Signature>');
const assertionOf = (xml: string): string => cut(xml, '<saml:Assertion', '</saml:Assertion>');

const afterIssuer = (xml: string, inserted: string): string =>
  xml.replace('</saml:Issuer>', () => `</saml:Issuer>${inserted}`);

describe('signatures', () => {
  test('A response without any is refused', async () => {
    expect(await world.refuse(responseXml(assertionXml()))).toMatchObject(UNVERIFIED);
  });

  test('One of a stranger’s key is refused, though it brings its certificate along', async () => {
    const stranger = makeSamlKey();

    expect(await world.refuse(signXml(responseXml(assertionXml()), stranger, 'Assertion'))).toMatchObject(
      UNVERIFIED,
    );
    expect(await world.refuse(signXml(responseXml(assertionXml()), stranger, 'Response'))).toMatchObject(
      UNVERIFIED,
    );
  });

  test.each(['alice', 'urn:amazon:webservices', 'NotOnOrAfter="2027'])(
    'One does not cover what was changed in %s afterwards',
    async (part) => {
      const changed = world.response().replace(part, (text) => `${text}1`);

      expect((await world.refuse(changed)).code).toBe('NOT_AUTHORIZED');
      expect((await world.refuse(world.response().replace('alice', 'mallo'))).message).toBe(
        UNVERIFIED.message,
      );
    },
  );

  test('An unsigned assertion beside a signed one is refused', async () => {
    const xml = world.response();

    expect(await world.refuse(xml.replace('<saml:Assertion', () => `${EVIL}<saml:Assertion`))).toMatchObject(
      UNVERIFIED,
    );
    expect(
      await world.refuse(xml.replace('</samlp:Response>', () => `${EVIL}</samlp:Response>`)),
    ).toMatchObject(UNVERIFIED);
  });

  test.each([
    ['RSA with SHA-1', { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }],
    ['a digest of SHA-1', { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' }],
  ])('One made with %s is refused', async (_, options) => {
    const error = await world.refuse(signXml(responseXml(assertionXml()), world.key, 'Assertion', options));

    expect(error).toMatchObject({ ...UNVERIFIED, fields: { hint: expect.stringContaining('SHA-256') } });
  });

  test('One made with the public key as a secret is refused', async () => {
    const publicKey = createPublicKey(world.key.privateKey).export({ type: 'spki', format: 'pem' });
    const hmac = 'http://www.w3.org/2000/09/xmldsig#hmac-sha1';
    const xml = world.response().replace('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', hmac);
    const signedInfo = cut(xml, '<SignedInfo', '</SignedInfo>');
    const value = createHmac('sha1', publicKey).update(signedInfo).digest('base64');
    const forged = xml.replace(/<SignatureValue>[^<]*/, () => `<SignatureValue>${value}`);

    expect(await world.refuse(forged)).toMatchObject(UNVERIFIED);
  });

  test('An empty one is refused', async () => {
    const [signature] = [signatureOf(world.response())];
    const empty = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>';
    const xml = world.response();

    expect(await world.refuse(xml.replace(signatureOf(xml), () => empty))).toMatchObject(UNVERIFIED);
    expect(
      await world.refuse(
        xml.replace(signatureOf(xml), () => signature!.replace(/<Reference.*<\/Reference>/, '')),
      ),
    ).toMatchObject(UNVERIFIED);
  });

  test('Two on one assertion, or a reference to the whole document, are refused', async () => {
    const xml = world.response();
    const twice = xml.replace('</Signature>', () => `</Signature>${signatureOf(xml)}`);

    expect(await world.refuse(twice)).toMatchObject(UNVERIFIED);
    expect(await world.refuse(xml.replace(/URI="#[^"]*"/, 'URI=""'))).toMatchObject(UNVERIFIED);
  });
});

/** The eight ways of Somorovsky and others, "On Breaking SAML" (2012), to wrap what was signed around what was not. */
describe('signature wrapping', () => {
  const signedResponse = () => signXml(responseXml(assertionXml()), world.key, 'Response');
  const evilResponse = (inside: string) => responseXml(inside, { id: '_evil-response' });

  const attacks: [string, () => string][] = [
    [
      '1: the signed response in the signature of an evil one',
      () => {
        const good = signedResponse();
        const signature = signatureOf(good);
        const bare = good.replace(signature, '');
        const wrapped = signature.replace('</Signature>', () => `<Object>${bare}</Object></Signature>`);
        return afterIssuer(evilResponse(EVIL), wrapped);
      },
    ],
    [
      '2: the signed response before its signature in an evil one',
      () => {
        const good = signedResponse();
        return afterIssuer(evilResponse(EVIL), good.replace(signatureOf(good), '') + signatureOf(good));
      },
    ],
    [
      '3: an evil assertion before the signed one',
      () => world.response().replace('<saml:Assertion', () => `${EVIL}<saml:Assertion`),
    ],
    [
      '4: the signed assertion in an evil one',
      () => {
        const good = world.response();
        return good.replace(assertionOf(good), () =>
          EVIL.replace('</saml:Assertion>', () => `${assertionOf(good)}</saml:Assertion>`),
        );
      },
    ],
    [
      '5: the signature in an evil assertion, the signed one behind it',
      () => {
        const good = world.response();
        const bare = assertionOf(good).replace(signatureOf(good), '');
        return good.replace(assertionOf(good), () => afterIssuer(EVIL, signatureOf(good)) + bare);
      },
    ],
    [
      '6: the signed assertion in its signature in an evil one',
      () => {
        const good = world.response();
        const bare = assertionOf(good).replace(signatureOf(good), '');
        const wrapped = signatureOf(good).replace('</Signature>', () => `${bare}</Signature>`);
        return good.replace(assertionOf(good), () => afterIssuer(EVIL, wrapped));
      },
    ],
    [
      '7: an evil assertion among extensions',
      () => {
        const good = world.response();
        const id = /ID="([^"]*)"/.exec(assertionOf(good))![1]!;
        const twin = assertionXml({ id, nameId: 'mallory' });
        return good.replace(
          '<saml:Assertion',
          () => `<samlp:Extensions>${twin}</samlp:Extensions><saml:Assertion`,
        );
      },
    ],
    [
      '8: the signed assertion as an object in its signature in an evil one',
      () => {
        const good = world.response();
        const bare = assertionOf(good).replace(signatureOf(good), '');
        const wrapped = signatureOf(good).replace(
          '</Signature>',
          () => `<Object>${bare}</Object></Signature>`,
        );
        return good.replace(assertionOf(good), () => afterIssuer(EVIL, wrapped));
      },
    ],
  ];

  test.each(attacks)('%s', async (_, attack) => {
    expect(await world.refuse(attack())).toMatchObject(UNVERIFIED);
  });

  test('An evil assertion under the id of the signed one is refused wherever it stands', async () => {
    const good = world.response();
    const id = /ID="([^"]*)"/.exec(assertionOf(good))![1]!;
    const twin = afterIssuer(assertionXml({ id, nameId: 'mallory' }), signatureOf(good));
    const places = [
      good.replace('<saml:Assertion', () => `${twin}<saml:Assertion`),
      good.replace('</samlp:Response>', () => `${twin}</samlp:Response>`),
      good.replace('<samlp:Status>', () => `${twin}<samlp:Status>`),
      good.replace(assertionOf(good), () => twin),
      responseXml(`${twin}<saml:Advice>${assertionOf(good)}</saml:Advice>`),
    ];

    for (const xml of places) expect(await world.refuse(xml)).toMatchObject(UNVERIFIED);
  });

  test('What is added outside the signed assertion changes nothing of it', async () => {
    const added = '<samlp:Extensions><saml:NameID>mallory</saml:NameID></samlp:Extensions>';
    const xml = world.response().replace('<saml:Assertion', () => `${added}<saml:Assertion`);

    expect((await world.send(xml)).subject).toBe('alice@example.com');
  });
});

describe('comments', () => {
  test.each(['http://www.w3.org/2001/10/xml-exc-c14n#', WITH_COMMENTS])(
    'One in a signed NameID (%s) does not cut it',
    async (canonicalization) => {
      const assertion = assertionXml({ nameId: 'admin@example.com<!-- -->.evil.example' });
      const xml = signXml(responseXml(assertion), world.key, 'Assertion', { canonicalization });

      expect((await world.send(xml)).subject).toBe('admin@example.com.evil.example');
    },
  );

  test('One that was put into a NameID afterwards changes nothing', async () => {
    const xml = world.response({ nameId: 'admin@example.com.evil.example' });

    const login = await world.send(xml.replace('.evil', '<!---->.evil'));

    expect(login.subject).toBe('admin@example.com.evil.example');
  });

  test('One in an attribute does not cut it, nor does CDATA', async () => {
    const values = ['a<!-- -->b', 'a<![CDATA[b]]>'];
    for (const value of values) {
      const { claims } = await world.send(world.response({ attributes: { group: [value] } }));

      expect(claims.group).toBe('ab');
    }
  });
});

test('A processing instruction, which canonicalization makes text of, is refused', async () => {
  const inside = world.response({ nameId: 'admin<?x @evil.example?>' });
  const before = world.response().replace('<samlp:', '<?xml-stylesheet href="x"?><samlp:');

  for (const xml of [inside, before]) expect(await world.refuse(xml)).toMatchObject(NO_RESPONSE);
});

describe('documents that are traps', () => {
  const withDoctype = (doctype: string, xml: string): string => `${doctype}${xml}`;

  test.each([
    ['reads a file', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'],
    ['asks a server', '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">'],
    ['grows', '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY e "&b;&b;&b;&b;">]>'],
    ['is in lower case', '<!doctype x>'],
  ])('A document type that %s is refused', async (_, doctype) => {
    const xml = world.response({ nameId: 'alice' }).replace('alice', '&e;');

    expect(await world.refuse(withDoctype(doctype, xml))).toMatchObject(NO_RESPONSE);
    expect(await world.refuse(withDoctype(doctype, world.response()))).toMatchObject(NO_RESPONSE);
  });

  test('A declaration anywhere else is refused', async () => {
    const xml = world.response().replace('<saml:Subject>', '<!ENTITY e "x"><saml:Subject>');

    expect(await world.refuse(xml)).toMatchObject(NO_RESPONSE);
  });

  test.each<[string, (xml: string) => string]>([
    [
      'very many elements',
      (xml) => xml.replace('</samlp:Response>', () => `${'<x/>'.repeat(5_000)}</samlp:Response>`),
    ],
    [
      'very deep elements',
      (xml) =>
        xml.replace(
          '</samlp:Response>',
          () => `${'<x>'.repeat(4_000)}${'</x>'.repeat(4_000)}</samlp:Response>`,
        ),
    ],
    ['no end', (xml) => xml.replace('</samlp:Response>', '')],
    ['bytes that are no UTF-8', (xml) => xml.replace('alice', '\ufffe\uffff')],
    ['text in UTF-16', (xml) => Buffer.from(xml, 'utf16le').toString('latin1')],
  ])('A response with %s is refused', async (_, spoil) => {
    expect((await world.refuse(spoil(world.response()))).code).toBe('NOT_AUTHORIZED');
  });

  test('A text of nothing but white space and one wrong sign at its end is refused in the time that it takes to read it', async () => {
    const metadata = await readSamlMetadata(samlMetadata([{ certificate: world.key.certificate }]));

    // A pattern that goes back over it again and again takes minutes.
    const attempt = signedAssertionOf(metadata, `A${' '.repeat(500_000)}!`);

    await expect(attempt).rejects.toMatchObject(NO_RESPONSE);
  });

  test('A token that is longer than any may be is not looked at', async () => {
    const attempt = world.logIn(SAML_POOL, SAML_ARN, encodeSaml(`<a>${'x'.repeat(50_000)}</a>`));

    await expect(attempt).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  test('Attributes named like members of objects are plain claims', async () => {
    const attributes = { constructor: ['2'], toString: ['3'] };

    const { claims } = await world.send(world.response({ attributes }));

    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
    expect(claims.constructor).toBe('2');
  });

  test('An attribute named __proto__ is a claim like any other', async () => {
    const assertion = assertionXml({ attributes: { marker: ['1'] } }).replace('"marker"', '"__proto__"');

    const { claims } = await world.send(signXml(responseXml(assertion), world.key, 'Assertion'));

    expect(Object.keys(claims)).toContain('__proto__');
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
  });
});
