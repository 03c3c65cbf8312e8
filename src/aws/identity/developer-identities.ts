import {
  lookupDeveloperIdentity,
  mergeDeveloperIdentities,
  unlinkDeveloperIdentity,
} from '../../identities/developer-identities.service';
import { getOpenIdTokenForDeveloperIdentity } from '../../identities/developer-token.service';
import { structure } from '../members/collections';
import { regionalId } from '../members/identifiers';
import { integer } from '../members/shapes';
import { operation, type Operation } from '../operation';
import {
  developerProviderName,
  developerUserIdentifier,
  loginsMap,
  maxResults,
  nextToken,
  principalTagsMap,
  toLogins,
  toTags,
} from './members';

const lookup: Operation = operation(
  'LookupDeveloperIdentity',
  structure({
    identityPoolId: regionalId,
    identityId: regionalId.optional(),
    developerUserIdentifier: developerUserIdentifier.optional(),
    maxResults: maxResults.optional(),
    nextToken: nextToken.optional(),
  }),
  async (ctx, input) => {
    const found = await lookupDeveloperIdentity(ctx, input);
    return {
      IdentityId: found.identityId,
      DeveloperUserIdentifierList: found.developerUserIdentifierList,
      NextToken: found.nextToken ?? undefined,
    };
  },
);

const token: Operation = operation(
  'GetOpenIdTokenForDeveloperIdentity',
  structure({
    identityPoolId: regionalId,
    identityId: regionalId.optional(),
    logins: loginsMap,
    principalTags: principalTagsMap.optional(),
    tokenDuration: integer({ min: 1, max: 86_400 }).optional(),
  }),
  async (ctx, { logins, principalTags, ...input }) => {
    const issued = await getOpenIdTokenForDeveloperIdentity(ctx, {
      ...input,
      logins: toLogins(logins),
      principalTags: principalTags && toTags(principalTags),
    });
    return { IdentityId: issued.identityId, Token: issued.token };
  },
);

const merge: Operation = operation(
  'MergeDeveloperIdentities',
  structure({
    sourceUserIdentifier: developerUserIdentifier,
    destinationUserIdentifier: developerUserIdentifier,
    developerProviderName,
    identityPoolId: regionalId,
  }),
  async (ctx, input) => {
    const { identityId } = await mergeDeveloperIdentities(ctx, input);
    return { IdentityId: identityId };
  },
);

const unlink: Operation = operation(
  'UnlinkDeveloperIdentity',
  structure({
    identityId: regionalId,
    identityPoolId: regionalId,
    developerProviderName,
    developerUserIdentifier,
  }),
  async (ctx, input) => {
    await unlinkDeveloperIdentity(ctx, input);
  },
);

/** Operations for the customer's own back end, which vouches for its users. */
export const developerIdentityOperations: Operation[] = [lookup, token, merge, unlink];
