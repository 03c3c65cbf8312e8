import type { PrincipalTagAttributeMap } from '../../identity-pools/identity-pool.entity';
import {
  getPrincipalTagAttributeMap,
  setPrincipalTagAttributeMap,
} from '../../identity-pools/principal-tags.service';
import { structure } from '../members/collections';
import { regionalId } from '../members/identifiers';
import { boolean } from '../members/shapes';
import { operation, type Operation } from '../operation';
import { fromTags, principalTagsMap, providerName, toTags } from './members';

const provider = { identityPoolId: regionalId, identityProviderName: providerName };

const toAttributeMap = (identityPoolId: string, map: PrincipalTagAttributeMap): object => ({
  IdentityPoolId: identityPoolId,
  IdentityProviderName: map.identityProviderName,
  UseDefaults: map.useDefaults,
  PrincipalTags: fromTags(map.principalTags),
});

/** Operations on the claims that become principal tags (attributes for access control). */
export const principalTagOperations: Operation[] = [
  operation('GetPrincipalTagAttributeMap', structure(provider), async (ctx, input) =>
    toAttributeMap(input.identityPoolId, await getPrincipalTagAttributeMap(ctx, input)),
  ),
  operation(
    'SetPrincipalTagAttributeMap',
    structure({
      ...provider,
      useDefaults: boolean().optional(),
      principalTags: principalTagsMap.optional(),
    }),
    async (ctx, { principalTags, ...input }) => {
      const given = { ...input, principalTags: principalTags && toTags(principalTags) };
      return toAttributeMap(input.identityPoolId, await setPrincipalTagAttributeMap(ctx, given));
    },
  ),
];
