import { deleteIdentities, type UnprocessedErrorCode } from '../../identities/delete-identities.service';
import { getId } from '../../identities/get-id.service';
import {
  describeIdentity,
  listIdentities,
  type IdentityDescription,
} from '../../identities/identity.service';
import { unlinkIdentity } from '../../identities/unlink-identity.service';
import { LIMITS } from '../../protocol/limits';
import { list, structure } from '../members/collections';
import { regionalId } from '../members/identifiers';
import { boolean, string } from '../members/shapes';
import { operation, publicOperation, type Operation } from '../operation';
import { loginsMap, maxResults, nextToken, providerName, toLogins } from './members';
import { nextTokenOf, toPageRequest } from '../page';

const toDescription = ({ identity, logins }: IdentityDescription): object => ({
  IdentityId: identity.id,
  Logins: logins,
  CreationDate: identity.createdAt,
  LastModifiedDate: identity.lastModifiedAt,
});

const ERROR_CODES: Record<UnprocessedErrorCode, string> = {
  ACCESS_DENIED: 'AccessDenied',
  INTERNAL_SERVER_ERROR: 'InternalServerError',
};

/** Operations on identities, whose callers sign. */
const signedOperations: Operation[] = [
  operation('DescribeIdentity', structure({ identityId: regionalId }), async (ctx, input) =>
    toDescription(await describeIdentity(ctx, input)),
  ),
  operation(
    'ListIdentities',
    structure({
      identityPoolId: regionalId,
      maxResults,
      nextToken: nextToken.optional(),
      hideDisabled: boolean().optional(),
    }),
    async (ctx, input) => {
      const { identityPoolId, hideDisabled } = input;
      const page = await listIdentities(ctx, { identityPoolId, hideDisabled, ...toPageRequest(input) });
      return {
        IdentityPoolId: identityPoolId,
        Identities: page.nodes.map(toDescription),
        NextToken: nextTokenOf(page),
      };
    },
  ),
  operation(
    'DeleteIdentities',
    structure({ identityIdsToDelete: list(regionalId, { min: 1, max: LIMITS.identitiesPerDelete }) }),
    async (ctx, input) => {
      const unprocessed = await deleteIdentities(ctx, input);
      return {
        UnprocessedIdentityIds: unprocessed.map(({ identityId, errorCode }) => ({
          IdentityId: identityId,
          ErrorCode: ERROR_CODES[errorCode],
        })),
      };
    },
  ),
];

/** Operations for anybody who proves an identity, or wants one. */
const openOperations: Operation[] = [
  publicOperation(
    'GetId',
    structure({
      accountId: string({ min: 1, max: 15, pattern: '\\d+' }).optional(),
      identityPoolId: regionalId,
      logins: loginsMap.optional(),
    }),
    async (ctx, input) => {
      const { identity } = await getId(ctx, { ...input, logins: toLogins(input.logins) });
      return { IdentityId: identity.id };
    },
  ),
  publicOperation(
    'UnlinkIdentity',
    structure({ identityId: regionalId, logins: loginsMap, loginsToRemove: list(providerName) }),
    async (ctx, input) => {
      await unlinkIdentity(ctx, { ...input, logins: toLogins(input.logins) });
    },
  ),
];

/** Operations on identities and their logins. */
export const identityOperations: Operation[] = [...signedOperations, ...openOperations];
