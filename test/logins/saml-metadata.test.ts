import { readSamlMetadata } from '../../src/logins/saml-metadata';
import {
  assertionXml,
  makeSamlKey,
  responseXml,
  encodeSaml,
  samlMetadata,
  signXml,
} from '../support/saml-identity-provider';
import { signedAssertionOf } from '../../src/logins/saml-response';

const one = makeSamlKey();
const two = makeSamlKey();
const three = makeSamlKey();

const signedBy = (key: typeof one) => encodeSaml(signXml(responseXml(assertionXml()), key, 'Assertion'));

test('Certificates for signing, and those without use, may sign; those for encryption may not', async () => {
  const metadata = await readSamlMetadata(
    samlMetadata([
      { certificate: one.certificate, use: 'signing' },
      { certificate: two.certificate },
      { certificate: three.certificate, use: 'encryption' },
    ]),
  );

  expect(metadata.entityId).toBe('https://idp.example/saml');
  expect(metadata.certificates).toHaveLength(2);
  for (const key of [one, two])
    await expect(signedAssertionOf(metadata, signedBy(key))).resolves.toBeDefined();
  await expect(signedAssertionOf(metadata, signedBy(three))).rejects.toMatchObject({
    code: 'NOT_AUTHORIZED',
  });
});

test('The same certificate twice counts once, and may be broken into lines', async () => {
  const lines = one.certificate.replace(/.{64}/g, '$&\n      ');

  const { certificates } = await readSamlMetadata(
    samlMetadata([{ certificate: one.certificate }, { certificate: lines, use: 'signing' }]),
  );

  expect(certificates).toHaveLength(1);
});

const good = samlMetadata([{ certificate: one.certificate }]);
const entity = good.slice(good.indexOf('<md:EntityDescriptor'));
const serviceProvider = '<md:EntityDescriptor entityID="sp"><md:SPSSODescriptor/></md:EntityDescriptor>';

const group = (...entities: string[]): string =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${entities.join('')}</md:EntitiesDescriptor>`;

test('One identity provider among service providers, in groups, is found', async () => {
  const { entityId } = await readSamlMetadata(group(serviceProvider, group(entity)));

  expect(entityId).toBe('https://idp.example/saml');
});

test.each<[string, string, string]>([
  ['is no XML', 'no XML', 'must be an XML document without document type declaration'],
  [
    'has a document type',
    `<!DOCTYPE x>${entity}`,
    'must be an XML document without document type declaration',
  ],
  [
    'is of something else',
    '<html/>',
    'must describe one identity provider: one EntityDescriptor with an IDPSSODescriptor',
  ],
  [
    'is of a service provider',
    serviceProvider.replace(/md:/g, ''),
    'must describe one identity provider: one EntityDescriptor with an IDPSSODescriptor',
  ],
  [
    'is of two identity providers',
    group(entity, entity),
    'must describe one identity provider: one EntityDescriptor with an IDPSSODescriptor',
  ],
  [
    'names nobody',
    good.replace(/ entityID="[^"]*"/, ''),
    'must name the identity provider: its EntityDescriptor has no entityID',
  ],
  [
    'is of groups in groups without an end',
    `${'<EntitiesDescriptor>'.repeat(20_000)}${'</EntitiesDescriptor>'.repeat(20_000)}`,
    'must describe one identity provider: one EntityDescriptor with an IDPSSODescriptor',
  ],
  ['has no certificate', samlMetadata([]), 'must have an X509Certificate for signing'],
  [
    'has a certificate for encryption only',
    samlMetadata([{ certificate: one.certificate, use: 'encryption' }]),
    'must have an X509Certificate for signing',
  ],
  [
    'has a broken certificate',
    samlMetadata([{ certificate: 'AAAA' }]),
    'has an X509Certificate that cannot be read',
  ],
])('A document that %s is refused', async (_, document, problem) => {
  await expect(readSamlMetadata(document)).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    message: `samlMetadataDocument ${problem}`,
    fields: { field: 'samlMetadataDocument' },
  });
});
