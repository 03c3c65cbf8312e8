import { ANONYMOUS, type Actor } from '../actor';
import type { Context } from '../context';
import { accessKeyHolder } from '../credentials/access-key-holder';
import { ServiceError, badCredentials, type CredentialsProblem } from '../errors';
import { SignatureError, SignatureMismatch, type SignatureException } from './sigv4/signature-error';
import { headerOf, type SignedRequest } from './sigv4/signed-request';
import { readSignature, requireSignature, type SignatureTarget } from './sigv4/verify-signature';

/**
 * Who signed a request to the service of `target` (`cognito-identity`, `cognito-sync`, `sts`). A request without an
 * `Authorization` header is anonymous.
 *
 * A signature that does not hold makes an anonymous caller whose `problem` is thrown as soon as an operation needs more
 * than that, with the name of AWS's exception as `fields.exception`: public operations take no notice of a stray one.
 * The form and the time are checked before the key is looked up, and the signature before anything is told about the
 * holder of the key.
 *
 * A request that is sent again within the 5 minutes of its signature is taken again, as AWS does: SDKs retry without
 * signing anew, and what must not happen twice is for the operations to see to.
 */
export const authenticateSignature = async (
  ctx: Context,
  request: SignedRequest,
  target: SignatureTarget,
): Promise<Actor> => {
  if ((headerOf(request, 'authorization') ?? '') === '') return ANONYMOUS;
  try {
    return await signer(ctx, request, target);
  } catch (error) {
    if (error instanceof SignatureMismatch) warnOfHost(ctx, request);
    return { kind: 'anonymous', problem: problemOf(error) };
  }
};

const warned = new WeakSet<object>();

/**
 * A proxy that changes the Host breaks every signature, and callers are told to look at their keys: an operator reads it
 * here, once, since whoever has a wrong secret could fill the log.
 */
const warnOfHost = ({ config, log }: Context, request: SignedRequest): void => {
  if (warned.has(config)) return;
  warned.add(config);
  log.warn(
    { host: headerOf(request, 'host') },
    'A signature did not match. It was checked with this Host: if clients call another one, let the proxy pass on theirs, or say it as X-Forwarded-Host and be named in ROCKPOOL_TRUST_PROXY.',
  );
};

const signer = async (ctx: Context, request: SignedRequest, target: SignatureTarget): Promise<Actor> => {
  const read = readSignature(request, target, ctx.now());
  const sessionToken = headerOf(request, 'x-amz-security-token');
  const holder = await accessKeyHolder(ctx, read.accessKeyId, sessionToken);
  requireSignature(request, read, holder.secretAccessKey);
  return holder.actor();
};

/** AWS tells fewer things apart than `fields.reason` does. */
const EXCEPTIONS: Record<CredentialsProblem, SignatureException> = {
  EXPIRED: 'ExpiredTokenException',
  INVALID: 'UnrecognizedClientException',
  MISSING: 'MissingAuthenticationTokenException',
  REVOKED: 'UnrecognizedClientException',
};

/** Throws on whatever is no fault of the credentials. */
const problemOf = (error: unknown): ServiceError => {
  if (error instanceof SignatureError)
    return badCredentials('INVALID', error.message, { exception: error.exception });
  if (!(error instanceof ServiceError)) throw error;
  const exception = EXCEPTIONS[error.fields.reason as CredentialsProblem];
  return new ServiceError(error.code, error.message, { ...error.fields, exception });
};
