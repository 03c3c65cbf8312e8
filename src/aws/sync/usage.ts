import { LIMITS } from '../../protocol/limits';
import {
  describeIdentityPoolUsage,
  describeIdentityUsage,
  listIdentityPoolUsage,
  type IdentityPoolUsage,
} from '../../sync/usage.service';
import { structure } from '../members/collections';
import { operation } from '../operation';
import { nextTokenOf, toPageRequest } from '../page';
import type { RestOperation } from '../protocols/rest-json';
import { IDENTITY, PAGE_QUERY, POOL, identityMembers, pageMembers, poolMembers } from './members';

const toPoolUsage = (usage: IdentityPoolUsage): object => ({
  IdentityPoolId: usage.identityPoolId,
  SyncSessionsCount: usage.syncSessionsCount,
  DataStorage: usage.dataStorage,
  LastModifiedDate: usage.lastModifiedDate,
});

/** What identities and pools hold. */
export const usageOperations: RestOperation[] = [
  {
    method: 'GET',
    uri: '/identitypools',
    query: PAGE_QUERY,
    operation: operation(
      'ListIdentityPoolUsage',
      structure(pageMembers(LIMITS.listPage)),
      async (ctx, wanted) => {
        const page = await listIdentityPoolUsage(ctx, toPageRequest(wanted));
        return {
          IdentityPoolUsages: page.nodes.map(toPoolUsage),
          MaxResults: wanted.maxResults ?? LIMITS.listPage,
          Count: page.nodes.length,
          NextToken: nextTokenOf(page) ?? null,
        };
      },
    ),
  },
  {
    method: 'GET',
    uri: POOL,
    operation: operation('DescribeIdentityPoolUsage', structure(poolMembers), async (ctx, input) => ({
      IdentityPoolUsage: toPoolUsage(await describeIdentityPoolUsage(ctx, input)),
    })),
  },
  {
    method: 'GET',
    uri: IDENTITY,
    operation: operation('DescribeIdentityUsage', structure(identityMembers), async (ctx, input) => {
      const usage = await describeIdentityUsage(ctx, input);
      return {
        IdentityUsage: {
          IdentityId: usage.identityId,
          IdentityPoolId: usage.identityPoolId,
          LastModifiedDate: usage.lastModifiedDate,
          DatasetCount: usage.datasetCount,
          DataStorage: usage.dataStorage,
        },
      };
    }),
  },
];
