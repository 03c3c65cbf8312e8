import { REDIRECTED, TargetError } from './graphql-target';

/** Nothing could be read or written any more, wherever it was tried. */
const BROKEN = [
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'TimeoutError',
  'UnreachableError',
  'UnrecognizedClientException',
];

const NETWORK = /^(E(CONN\w+|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN)|UND_ERR_\w+)$/;

/** What a target answers to everything: to this key, or for now, after it was tried again. */
const REFUSING = ['ACCESS_DENIED', 'SERVICE_UNAVAILABLE', 'TOO_MANY_REQUESTS', REDIRECTED];

/**
 * Whether an error is not about one thing alone: a source or target that is away, throttles without end, or takes the
 * credentials no more. A run ends then, and goes on where it was, instead of listing everything else as failed.
 */
export const stopsEverything = (error: unknown): boolean => {
  // NOT_AUTHORIZED alone is of an identity that was merged.
  if (error instanceof TargetError)
    return REFUSING.includes(error.code) || error.credentialsProblem !== undefined;
  const {
    name = '',
    code = '',
    $metadata,
  } = error as {
    name?: string;
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? 0;
  return BROKEN.includes(name) || NETWORK.test(code) || status === 429 || status >= 500;
};
