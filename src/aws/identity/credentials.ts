import { getCredentialsForIdentity, getOpenIdToken } from '../../credentials/credentials.service';
import { structure } from '../members/collections';
import { arn, regionalId } from '../members/identifiers';
import { publicOperation, type Operation } from '../operation';
import { loginsMap, toLogins } from './members';

const proof = { identityId: regionalId, logins: loginsMap.optional() };

/** The enhanced flow, and the first half of the classic one; for anybody who proves an identity. */
export const credentialOperations: Operation[] = [
  publicOperation(
    'GetCredentialsForIdentity',
    structure({ ...proof, customRoleArn: arn.optional() }),
    async (ctx, input) => {
      const given = { ...input, logins: toLogins(input.logins) };
      const { identityId, credentials } = await getCredentialsForIdentity(ctx, given);
      return {
        IdentityId: identityId,
        Credentials: {
          AccessKeyId: credentials.accessKeyId,
          SecretKey: credentials.secretKey,
          SessionToken: credentials.sessionToken,
          Expiration: credentials.expiration,
        },
      };
    },
  ),
  publicOperation('GetOpenIdToken', structure(proof), async (ctx, input) => {
    const given = { ...input, logins: toLogins(input.logins) };
    const { identityId, token } = await getOpenIdToken(ctx, given);
    return { IdentityId: identityId, Token: token };
  }),
];
