import { CLOCK_SKEW, invalidLogin, requireSubject } from './invalid-login';
import type { XmlElement } from './saml-xml';

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Whom an assertion must come from and be made out to, and when. */
export interface SamlExpectations {
  issuer: string;
  audiences: string[];
  recipients: string[];
  now: Date;
}

/** An assertion that holds. */
export interface SamlAssertion {
  id: string;
  /** Its NameID: 1 to 255 characters. */
  subject: string;
  /** The audience of ours that it names. */
  audience: string;
  /** The values of each attribute, by its name. */
  attributes: [name: string, values: string[]][];
  /** From then on it does not hold any more, whatever clock is asked. */
  expiresAt: Date;
}

/**
 * Reads a signed assertion and checks what it says of itself (SAML 2.0 Core section 2, Profiles section 4.1.4.3):
 * issuer, audience, recipient of a bearer, and times, each with 5 minutes for clocks that differ.
 * @throws NOT_AUTHORIZED in the words that Cognito has for tokens.
 */
export const readAssertion = (assertion: XmlElement, expected: SamlExpectations): SamlAssertion => {
  const id = assertion.attributes.ID;
  if (!id) throw missing('the ID of its assertion');
  requireIssuer(assertion, expected.issuer);
  const subjectElement = only(assertion, 'Subject');
  const expiresAt = requireBearer(subjectElement, expected);
  const audience = requireConditions(only(assertion, 'Conditions'), expected);
  requireSession(assertion, expected.now);
  return { id, subject: subjectOf(subjectElement), audience, attributes: attributesOf(assertion), expiresAt };
};

const missing = (what: string): Error => invalidLogin(`The SAML response lacks ${what}.`);

const only = (parent: XmlElement, name: string): XmlElement => {
  const [first, ...rest] = parent.children(name);
  if (first && rest.length === 0) return first;
  throw missing(`one ${name}`);
};

const requireIssuer = (assertion: XmlElement, issuer: string): void => {
  if (only(assertion, 'Issuer').text === issuer) return;
  throw invalidLogin("Issuer doesn't match providerName", `The assertion must come from ${issuer}.`);
};

const subjectOf = (subject: XmlElement): string => {
  const nameId = only(subject, 'NameID');
  if (nameId.childCount > 0) throw missing('a NameID that is a text');
  return requireSubject(nameId.text, 'The NameID');
};

/** One of the confirmations must be a bearer's, for us, and hold. Answers when the last of them stops to hold. */
const requireBearer = (subject: XmlElement, expected: SamlExpectations): Date => {
  const bearers = subject
    .children('SubjectConfirmation')
    .filter(({ attributes }) => attributes.Method === BEARER)
    .map((confirmation) => only(confirmation, 'SubjectConfirmationData'));
  const forUs = bearers.filter(({ attributes }) => expected.recipients.includes(attributes.Recipient ?? ''));
  const [first] = forUs;
  if (!first)
    throw invalidLogin(
      'Incorrect recipient.',
      `A bearer’s confirmation must have one of these recipients: ${expected.recipients.join(', ')}.`,
    );
  const good = forUs.find((data) => problemOfTimes(data, expected.now) === undefined);
  const problem = good ? undefined : problemOfTimes(first, expected.now);
  if (problem) throw problem;
  const ends = forUs.map(({ attributes }) => timeOf(attributes.NotOnOrAfter) ?? 0);
  if (!good?.attributes.NotOnOrAfter) throw missing('NotOnOrAfter in a bearer’s confirmation');
  return new Date((Math.max(...ends) + CLOCK_SKEW) * 1000);
};

/** Seconds since 1970. */
const timeOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const time = TIME.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw invalidLogin('The SAML response has a time that cannot be read.');
  return Math.floor(time / 1000);
};

const problemOfTimes = ({ attributes }: XmlElement, date: Date): Error | undefined => {
  const now = Math.floor(date.getTime() / 1000);
  const begins = timeOf(attributes.NotBefore);
  const ends = timeOf(attributes.NotOnOrAfter);
  if (ends !== undefined && now - CLOCK_SKEW >= ends) return expired(now, ends);
  if (begins !== undefined && now + CLOCK_SKEW < begins)
    return invalidLogin(`Token not yet valid: ${now} < ${begins}`);
  return undefined;
};

const expired = (now: number, end: number): Error =>
  invalidLogin(`Token expired: ${now} >= ${end}`, 'Sign in at the provider again.');

/** Each restriction must name one of our audiences. Answers the first that does. */
const requireConditions = (conditions: XmlElement, { audiences, now }: SamlExpectations): string => {
  const problem = problemOfTimes(conditions, now);
  if (problem) throw problem;
  const ours = conditions.children('AudienceRestriction').map((restriction) =>
    restriction
      .children('Audience')
      .map(({ text }) => text)
      .find((audience) => audiences.includes(audience)),
  );
  const [audience] = ours;
  if (audience !== undefined && ours.every((found) => found !== undefined)) return audience;
  throw invalidLogin(
    'Incorrect token audience.',
    `The assertion must be restricted to one of these audiences: ${audiences.join(', ')}.`,
  );
};

const requireSession = (assertion: XmlElement, date: Date): void => {
  const now = Math.floor(date.getTime() / 1000);
  const statements = assertion.children('AuthnStatement');
  if (statements.length === 0) throw missing('an AuthnStatement');
  for (const { attributes } of statements) {
    const end = timeOf(attributes.SessionNotOnOrAfter);
    if (end !== undefined && now - CLOCK_SKEW >= end) throw expired(now, end);
  }
};

const attributesOf = (assertion: XmlElement): [string, string[]][] => {
  const values = new Map<string, string[]>();
  const all = assertion
    .children('AttributeStatement')
    .flatMap((statement) => statement.children('Attribute'));
  for (const attribute of all) {
    const name = attribute.attributes.Name;
    const texts = attribute.children('AttributeValue').map(({ text }) => text);
    if (name) values.set(name, [...(values.get(name) ?? []), ...texts]);
  }
  return [...values].filter(([, texts]) => texts.length > 0);
};
