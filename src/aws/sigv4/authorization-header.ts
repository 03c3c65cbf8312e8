import { SignatureError, incompleteSignature } from './signature-error';

/** The one algorithm of SigV4 with a shared secret. */
export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** What the header `Authorization` of a signed request says. None of it is proven yet. */
export interface SignatureClaim {
  accessKeyId: string;
  /** The scope's day, as `YYYYMMDD`. */
  date: string;
  region: string;
  service: string;
  /** Lower-case names in the order in which they were signed. */
  signedHeaders: string[];
  signature: string;
}

/**
 * Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`: the three in any order, with or without white
 * space around the commas, since clients differ.
 * @throws SignatureError MissingAuthenticationTokenException without a header, IncompleteSignatureException with what is
 *   missing or malformed. The header itself is not repeated: it may be a bearer that went to the wrong door.
 */
export const parseAuthorization = (header: string | undefined): SignatureClaim => {
  const [, algorithm, parameters] = /^\s*(\S+)\s*(.*)$/s.exec(header ?? '') ?? [];
  if (algorithm === undefined)
    throw new SignatureError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  if (algorithm !== ALGORITHM)
    throw incompleteSignature(`The Authorization header must begin with '${ALGORITHM}'.`);
  return claimOf(parametersOf(parameters ?? ''));
};

const NAMES = ['Credential', 'SignedHeaders', 'Signature'] as const;

type Parameters = Partial<Record<(typeof NAMES)[number], string>>;

const parametersOf = (text: string): Parameters => {
  const found: Parameters = {};
  for (const part of text.split(',')) {
    const [, key, value] = /^\s*(\w+)=(\S+)\s*$/.exec(part) ?? [];
    const name = NAMES.find((known) => known === key);
    if (name && found[name] !== undefined)
      throw incompleteSignature(`Authorization header has '${name}' twice.`);
    if (name) found[name] = value;
    else if (part.trim() !== '') throw incompleteSignature(NOT_A_PARAMETER);
  }
  return found;
};

const NOT_A_PARAMETER =
  "Authorization header must consist of 'Credential=…', 'SignedHeaders=…' and 'Signature=…', separated by commas.";

const claimOf = ({ Credential, SignedHeaders, Signature }: Parameters): SignatureClaim => {
  if (Credential === undefined || SignedHeaders === undefined || Signature === undefined)
    throw incompleteSignature(missingParameters({ Credential, SignedHeaders, Signature }));
  return { ...scopeOf(Credential), signedHeaders: namesOf(SignedHeaders), signature: Signature };
};

/** One sentence for each, as AWS says it. */
const missingParameters = (found: Record<string, string | undefined>): string =>
  Object.keys(found)
    .filter((name) => found[name] === undefined)
    .map((name) => `Authorization header requires '${name}' parameter.`)
    .join(' ');

const CREDENTIAL = /^([^/]+)\/(\d{8})\/([\w.-]{1,64})\/([\w.-]{1,64})\/aws4_request$/;

const scopeOf = (credential: string): Omit<SignatureClaim, 'signedHeaders' | 'signature'> => {
  const [, accessKeyId, date, region, service] = CREDENTIAL.exec(credential) ?? [];
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined)
    throw incompleteSignature(
      "Credential must be '<access key id>/<YYYYMMDD>/<region>/<service>/aws4_request'.",
    );
  return { accessKeyId, date, region, service };
};

/** RFC 9110's token without capitals. */
const HEADER_NAMES = /^[a-z0-9!#$%&'*+.^_`|~-]+(;[a-z0-9!#$%&'*+.^_`|~-]+)*$/;

const namesOf = (signedHeaders: string): string[] => {
  if (!HEADER_NAMES.test(signedHeaders))
    throw incompleteSignature(
      'SignedHeaders must be the lower-case names of headers, separated by semicolons.',
    );
  const names = signedHeaders.split(';');
  // A long header that is signed a thousand times makes a canonical request of many megabytes.
  if (new Set(names).size < names.length)
    throw incompleteSignature('SignedHeaders must have each name once.');
  return names;
};
