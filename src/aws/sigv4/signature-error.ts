/** The exceptions by which AWS services refuse a signature before they look at the operation. */
export type SignatureException =
  | 'ExpiredTokenException'
  | 'IncompleteSignatureException'
  | 'InvalidSignatureException'
  | 'MissingAuthenticationTokenException'
  | 'UnrecognizedClientException';

/** A signature that does not hold. The message names what is wrong and has no secret in it. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';

  constructor(
    readonly exception: SignatureException,
    message: string,
  ) {
    super(message);
  }
}

/** Something of the signature is missing or malformed. */
export const incompleteSignature = (message: string): SignatureError =>
  new SignatureError('IncompleteSignatureException', message);

/** The signature is another's, of another time or of another request. */
export const invalidSignature = (message: string): SignatureError =>
  new SignatureError('InvalidSignatureException', message);

/** The signature is not the one that the holder of the key would have made; AWS's sentence. */
export class SignatureMismatch extends SignatureError {
  constructor() {
    super('InvalidSignatureException', MISMATCH);
  }
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
