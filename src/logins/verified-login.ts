import type { JWTPayload } from 'jose';

/** What a login comes down to once its token has been checked. */
export interface VerifiedLogin {
  /** The key under which the token was sent. */
  provider: string;
  /** The IAM provider that vouches for it. */
  providerArn: string;
  /** Who it is at that provider: 1 to 255 characters. */
  subject: string;
  /** All that the token says, for role mappings and principal tags. */
  claims: JWTPayload;
  /** How the login is named in `amr` beside its provider. */
  qualifier: string;
}
