import { createSign, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import { der, sequence } from './der';
import { TEST_NOW } from './service-context';

const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';

const time = (text: string): Buffer => der(0x17, Buffer.from(text));

/** A certificate signed by its own key. It ended long ago: the dates of certificates in metadata do not count. */
const certificateOf = (publicKey: KeyObject, privateKey: KeyObject): string => {
  const algorithm = sequence(der(6, Buffer.from('2a864886f70d01010b', 'hex')), der(5));
  const commonName = sequence(der(6, Buffer.from('550403', 'hex')), der(12, Buffer.from('idp.example')));
  const name = sequence(der(0x31, commonName));
  const body = sequence(
    der(2, Buffer.from([1])),
    algorithm,
    name,
    sequence(time('010101000000Z'), time('020101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('sha256').update(body).sign(privateKey);
  return sequence(body, algorithm, der(3, Buffer.from([0]), signature)).toString('base64');
};

/** What an identity provider signs with. */
export interface SamlKey {
  privateKey: KeyObject;
  /** Base64 of DER, as metadata has it. */
  certificate: string;
}

/** A new RSA key with its certificate. */
export const makeSamlKey = (): SamlKey => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { privateKey, certificate: certificateOf(publicKey, privateKey) };
};

export const ENTITY_ID = 'https://idp.example/saml';

const keyDescriptor = (certificate: string, use?: string): string =>
  `<md:KeyDescriptor${use ? ` use="${use}"` : ''}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;

/** A certificate in metadata and what it is for. */
export interface MetadataKey {
  certificate: string;
  use?: 'signing' | 'encryption';
}

/** The metadata document of an identity provider, long enough for IAM's minimum. */
export const samlMetadata = (keys: MetadataKey[], entityId = ENTITY_ID): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${'padding '.repeat(60)} -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${entityId}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    ${keys.map(({ certificate, use }) => keyDescriptor(certificate, use)).join('\n    ')}
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${entityId}/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`;

/** What an assertion says; what is left out is as an honest provider has it. Texts are XML. */
export interface AssertionOptions {
  id?: string;
  issuer?: string;
  nameId?: string;
  audiences?: string[];
  recipient?: string;
  method?: string;
  notBefore?: string;
  /** Of the conditions. */
  notOnOrAfter?: string;
  /** Of the bearer's confirmation; null leaves it out. */
  confirmedUntil?: string | null;
  sessionUntil?: string;
  attributes?: Record<string, string[]>;
  /** Stands after everything else in the assertion. */
  extra?: string;
}

/** The time so many seconds after the tests' time, as SAML writes it. */
export const samlTime = (seconds: number): string =>
  new Date(TEST_NOW.getTime() + seconds * 1000).toISOString();

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const ACS = 'https://signin.aws.amazon.com/saml';

const attributesXml = (attributes: Record<string, string[]>): string =>
  Object.entries(attributes)
    .map(
      ([name, values]) =>
        `<saml:Attribute Name="${name}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`,
    )
    .join('');

const honest = (): Required<AssertionOptions> => ({
  id: `_${randomUUID()}`,
  issuer: ENTITY_ID,
  nameId: 'alice@example.com',
  audiences: ['urn:amazon:webservices'],
  recipient: ACS,
  method: BEARER,
  notBefore: samlTime(-60),
  notOnOrAfter: samlTime(600),
  confirmedUntil: samlTime(300),
  sessionUntil: '',
  attributes: {},
  extra: '',
});

/** An assertion without signature. */
export const assertionXml = (options: AssertionOptions = {}): string => {
  const { id, issuer, nameId, audiences, recipient, method, ...rest } = { ...honest(), ...options };
  const { notBefore, notOnOrAfter, confirmedUntil, sessionUntil, attributes, extra } = rest;
  const restriction = audiences.map((audience) => `<saml:Audience>${audience}</saml:Audience>`).join('');
  const until = confirmedUntil === null ? '' : ` NotOnOrAfter="${confirmedUntil}"`;
  const session = sessionUntil ? ` SessionNotOnOrAfter="${sessionUntil}"` : '';
  return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${samlTime(0)}"><saml:Issuer>${issuer}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${nameId}</saml:NameID><saml:SubjectConfirmation Method="${method}"><saml:SubjectConfirmationData Recipient="${recipient}"${until}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${notBefore}" NotOnOrAfter="${notOnOrAfter}"><saml:AudienceRestriction>${restriction}</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${samlTime(0)}"${session}><saml:AuthnContext/></saml:AuthnStatement><saml:AttributeStatement>${attributesXml(attributes)}</saml:AttributeStatement>${extra}</saml:Assertion>`;
};

/** A response around assertions, without signature of its own. */
export const responseXml = (inside: string, { id = `_${randomUUID()}`, status = 'Success' } = {}): string =>
  `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${samlTime(0)}" Destination="${ACS}"><saml:Issuer>${ENTITY_ID}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${status}"/></samlp:Status>${inside}</samlp:Response>`;

/** How to sign. */
export interface SamlSignOptions {
  signatureAlgorithm?: string;
  digestAlgorithm?: string;
  canonicalization?: string;
}

/** Signs the root element of a document, or its child `element`: the signature stands after the issuer. */
export const signXml = (
  xml: string,
  { privateKey }: SamlKey,
  element: 'Response' | 'Assertion',
  options: SamlSignOptions = {},
): string => {
  const { signatureAlgorithm = RSA_SHA256, digestAlgorithm = SHA256, canonicalization = EXCLUSIVE } = options;
  const path = `//*[local-name(.)='${element}']`;
  const signed = new SignedXml({
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    signatureAlgorithm,
    canonicalizationAlgorithm: EXCLUSIVE,
  });
  signed.addReference({ xpath: path, transforms: [ENVELOPED, canonicalization], digestAlgorithm });
  signed.computeSignature(xml, {
    location: { reference: `${path}/*[local-name(.)='Issuer']`, action: 'after' },
  });
  return signed.getSignedXml();
};

/** As it is sent. */
export const encodeSaml = (xml: string): string => Buffer.from(xml).toString('base64');
