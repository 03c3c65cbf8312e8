import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';

/** `REGION:UUID`, the form of identity pool ids and identity ids alike; at most 55 characters in AWS's model. */
export const newRegionalId = (region: string): string => `${region}:${randomUUID()}`;

const ACCESS_KEY_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const randomKeyCharacters = (length: number): string =>
  Array.from({ length }, () => ACCESS_KEY_ALPHABET[randomInt(ACCESS_KEY_ALPHABET.length)]).join('');

/** A long-lived key as IAM makes them: `AKIA` and 16 characters. */
export const newApiKeyId = (): string => `AKIA${randomKeyCharacters(16)}`;

/** A temporary key as STS makes them: `ASIA` and 16 characters. */
export const newTemporaryKeyId = (): string => `ASIA${randomKeyCharacters(16)}`;

/** 40 characters from 30 random bytes, in the base64url alphabet so that a bearer needs no escaping. */
export const newSecretAccessKey = (): string => randomBytes(30).toString('base64url');

/** The federated principal of identity pools in trust policies, and the prefix of their condition keys, as in AWS. */
export const COGNITO_PRINCIPAL = 'cognito-identity.amazonaws.com';

/** Where ARNs of this installation live. */
export interface ArnScope {
  region: string;
  accountId: string;
}

/** The ARN that policies name a pool by in the actions of Cognito Identity. */
export const identityPoolArn = ({ region, accountId }: ArnScope, identityPoolId: string): string =>
  `arn:aws:cognito-identity:${region}:${accountId}:identitypool/${identityPoolId}`;

/** The ARN that Cognito Sync authorizes pool-wide operations on; note the service part. */
export const syncPoolArn = ({ region, accountId }: ArnScope, identityPoolId: string): string =>
  `arn:aws:cognito-sync:${region}:${accountId}:identitypool/${identityPoolId}`;

/** The ARN of an identity in the actions of Cognito Sync. */
export const syncIdentityArn = (scope: ArnScope, identityPoolId: string, identityId: string): string =>
  `${syncPoolArn(scope, identityPoolId)}/identity/${identityId}`;

/** The ARN of one dataset; AWS writes the word `null` for ListDatasets, which names none. */
export const datasetArn = (
  scope: ArnScope,
  owner: { identityPoolId: string; identityId: string },
  datasetName: string | null,
): string => `${syncIdentityArn(scope, owner.identityPoolId, owner.identityId)}/dataset/${datasetName}`;

/** The ARN of a role that was made without a path. */
export const roleArn = ({ accountId }: ArnScope, roleName: string): string =>
  `arn:aws:iam::${accountId}:role/${roleName}`;

/** `AROA` and 17 characters, as IAM has for each role: the same for the same ARN, since roles have no other id here. */
export const roleId = (arn: string): string => {
  const digest = createHash('sha256').update(arn).digest();
  const characters = [...digest.subarray(0, 17)].map((byte) => ACCESS_KEY_ALPHABET[byte % 32]);
  return `AROA${characters.join('')}`;
};

/** `arn:aws:iam::ACCOUNT:oidc-provider/HOST[/PATH]`: the issuer's URL without its scheme. */
export const openIdConnectProviderArn = ({ accountId }: ArnScope, issuer: string): string =>
  `arn:aws:iam::${accountId}:oidc-provider/${issuer.replace(/^https?:\/\//, '').replace(/\/$/, '')}`;

/** `arn:aws:iam::ACCOUNT:saml-provider/NAME` */
export const samlProviderArn = ({ accountId }: ArnScope, name: string): string =>
  `arn:aws:iam::${accountId}:saml-provider/${name}`;

/** `arn:aws:sns:REGION:ACCOUNT:app/PLATFORM/NAME`: what push messages of a platform are sent by, as SNS names it. */
export const platformApplicationArn = (
  { region, accountId }: ArnScope,
  platform: string,
  name: string,
): string => `arn:aws:sns:${region}:${accountId}:app/${platform}/${name}`;

/** How AWS names a caller that holds temporary credentials. */
export const assumedRoleArn = (arn: string, sessionName: string): string => {
  const [, , , , account, resource = ''] = arn.split(':');
  return `arn:aws:sts::${account}:assumed-role/${resource.split('/').at(-1)}/${sessionName}`;
};

/** An API key, as the caller of administrative operations is named in denials. */
export const apiKeyArn = ({ accountId }: ArnScope, accessKeyId: string): string =>
  `arn:aws:iam::${accountId}:access-key/${accessKeyId}`;
