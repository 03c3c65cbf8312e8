import type { JWTPayload } from 'jose';

/** What a developer's own back end said of its user when it asked us for the token. */
export interface DeveloperLogin {
  /** The identity that the token is about. */
  identityId: string;
  /** The user, as the back end names it; linked to the identity when the token was made. */
  user: string;
  /** The authentication methods of the token, which those of a session made with it repeat. */
  amr: string[];
  /** The attributes for access control that the back end chose. */
  principalTags: Record<string, string>;
}

/** What a login comes down to once its token has been checked. */
export interface VerifiedLogin {
  /** The key under which the token was sent. */
  provider: string;
  /** The IAM provider that vouches for it, for OpenID Connect and SAML. */
  providerArn?: string;
  /** Who it is at that provider: 1 to 255 characters. For a developer's token, the identity's id. */
  subject: string;
  /** All that the token says, for role mappings and principal tags; attributes of SAML are texts or lists of texts. */
  claims: JWTPayload;
  /** How the login is named in `amr` beside its provider. */
  qualifier: string;
  /** The keys under which a pool's role mappings and principal tags may name the provider, the first that is there counts. */
  roleMappingKeys: string[];
  /** ARNs of the roles that a SAML assertion offers, in its order. */
  roles?: string[];
  /** Set for a token that a developer's back end asked us for. It is no login of its own and is never linked. */
  developer?: DeveloperLogin;
}
