import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import type { ServiceError } from '../errors';
import { invalidLogin } from './invalid-login';
import type { SamlMetadata } from './saml-metadata';
import { elementOf, readXml, type XmlElement } from './saml-xml';

const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';

/** What the library says of an assertion whose signature holds, but whose times or conditions it cannot read. */
const SIGNED_NONSENSE = /^Error parsing |multiple conditions/;

/**
 * How many tags a response may have. The time to check one grows with their square; an honest one that fits into a
 * token of 50,000 characters has fewer.
 */
const MAX_TAGS = 1_200;

/** What a signature may be made with; SHA-1 can be forged. */
const ALGORITHMS = [
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
];

/**
 * The assertion of a base64 SAML response, read from the very bytes that the provider signed: the assertion, or the
 * response with the assertion in it. Whom it is for and how long it holds is not checked here.
 * @throws NOT_AUTHORIZED
 */
export const signedAssertionOf = async (metadata: SamlMetadata, response: string): Promise<XmlElement> => {
  const xml = decode(response);
  const document = isPlain(xml) ? await readXml(xml) : undefined;
  if (document?.name !== 'Response') throw notAResponse();
  requireSuccess(document.root);
  if (document.root.children('EncryptedAssertion').length > 0)
    throw invalidLogin(
      'Encrypted SAML assertions are not supported.',
      'Switch encryption off at the provider.',
    );
  requireStrongSignatures(document.root);
  return elementOf(await verify(metadata, xml));
};

/** Whether it is small, and without processing instructions: canonicalization makes text of them. */
const isPlain = (xml: string): boolean =>
  xml.split('<', MAX_TAGS + 2).length - 1 <= MAX_TAGS && !/<\?(?!xml\s)/.test(xml);

const notAResponse = (): ServiceError =>
  invalidLogin(
    'Not a valid SAML response.',
    'Send the SAMLResponse as the identity provider posted it: XML in base64.',
  );

/** White space is taken out first: a pattern that allows it in two places goes over a long run of it again and again. */
const decode = (response: string): string => {
  const base64 = response.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) throw notAResponse();
  return Buffer.from(base64, 'base64').toString('utf8');
};

const requireSuccess = (response: XmlElement): void => {
  const [code] = response.children('Status').flatMap((status) => status.children('StatusCode'));
  if (code?.attributes.Value === SUCCESS) return;
  throw invalidLogin('The SAML response does not say Success.', 'Sign in at the provider again.');
};

const requireStrongSignatures = (response: XmlElement): void => {
  const signatures = [response, ...response.children('Assertion')].flatMap((part) =>
    part.children('Signature'),
  );
  if (signatures.length === 0) throw unverified('Neither the response nor its assertion is signed.');
  const used = signatures.flatMap((signature) => signature.children('SignedInfo')).flatMap(algorithmsOf);
  if (used.every((algorithm) => ALGORITHMS.includes(algorithm))) return;
  throw unverified('It must be signed with RSA and SHA-256 or SHA-512.');
};

const algorithmsOf = (signedInfo: XmlElement): string[] =>
  [
    ...signedInfo.children('SignatureMethod'),
    ...signedInfo.children('Reference').flatMap((reference) => reference.children('DigestMethod')),
  ].map(({ attributes }) => attributes.Algorithm ?? '');

const unverified = (hint: string): ServiceError => invalidLogin("Couldn't verify signed token.", hint);

/** Times and audience are ours to check, with our clock: the library is told to leave them alone. */
const verify = async ({ certificates }: SamlMetadata, xml: string): Promise<unknown> => {
  const library = new SAML({
    idpCert: certificates,
    issuer: 'not used',
    callbackUrl: 'not used',
    audience: false,
    acceptedClockSkewMs: -1,
    wantAssertionsSigned: false,
    wantAuthnResponseSigned: false,
    validateInResponseTo: ValidateInResponseTo.never,
  });
  try {
    const SAMLResponse = Buffer.from(xml).toString('base64');
    const { profile } = await library.validatePostResponseAsync({ SAMLResponse });
    const { Assertion } = (profile?.getAssertion?.() ?? {}) as { Assertion?: unknown };
    if (Assertion !== undefined) return Assertion;
  } catch (error) {
    // What the library says may have parts of the assertion in it, so it is not passed on.
    if (error instanceof Error && SIGNED_NONSENSE.test(error.message)) throw notAResponse();
  }
  throw unverified(
    'None of the certificates in the provider’s metadata has signed the assertion that it has.',
  );
};
