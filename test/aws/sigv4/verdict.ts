import { SignatureError } from '../../../src/aws/sigv4/signature-error';
import type { SignedRequest } from '../../../src/aws/sigv4/signed-request';
import { readSignature, requireSignature } from '../../../src/aws/sigv4/verify-signature';

/** The secret that AWS's documentation and test suite sign with. */
export const EXAMPLE_KEY = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

/** `accepted`, or by which exception and sentence the signature is refused. */
export const verdictOn = (
  request: SignedRequest,
  { service = 'cognito-sync', at, secret = EXAMPLE_KEY.secretAccessKey, decisiveHeaders = [] }: Verifying,
): string => {
  try {
    requireSignature(request, readSignature(request, { service, decisiveHeaders }, at), secret);
    return 'accepted';
  } catch (error) {
    if (error instanceof SignatureError) return `${error.exception}: ${error.message}`;
    throw error;
  }
};

/** What a request is verified against. */
export interface Verifying {
  service?: string;
  at: Date;
  secret?: string;
  /** What must be signed besides the host and the time. */
  decisiveHeaders?: string[];
}

/** What is said of every signature that is not the holder's. */
export const MISMATCH =
  'InvalidSignatureException: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
