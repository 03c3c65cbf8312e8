import type { z } from 'zod';
import { DATASET_NAME_PATTERN, LIMITS } from '../../protocol/limits';
import { splitMergedName } from '../../protocol/sync';
import { unanchored } from '../members/constraints';
import { regionalId } from '../members/identifiers';
import { integer, string } from '../members/shapes';

/** What the path of every operation on a pool has. */
export const poolMembers = { identityPoolId: regionalId };

/** What the path of every operation on an identity has. */
export const identityMembers = { ...poolMembers, identityId: regionalId };

/** What the path of every operation on a dataset has. */
export const datasetMembers = {
  ...identityMembers,
  datasetName: string({
    min: 1,
    max: LIMITS.datasetNameLength,
    pattern: unanchored(DATASET_NAME_PATTERN),
    // The name that a merge makes is longer than what it was made of: the service says by how much.
    mayBeLonger: (name) => splitMergedName(name) !== undefined,
  }),
};

/** What the path of a subscription has. */
export const subscriptionMembers = {
  ...datasetMembers,
  deviceId: string({ min: 1, max: LIMITS.deviceIdLength }),
};

/**
 * What every list takes. The model has no limits for MaxResults, and clients ask for more than a page has (64 datasets):
 * they get a page of `most`.
 */
export const pageMembers = (
  most: number,
): { nextToken: z.ZodOptional<z.ZodType<string>>; maxResults: z.ZodOptional<z.ZodType<number>> } => ({
  nextToken: string().optional(),
  maxResults: integer({ min: 1 })
    .transform((wanted) => Math.min(wanted, most))
    .optional(),
});

/** Where a page of a list is in the query. */
export const PAGE_QUERY = { nextToken: 'NextToken', maxResults: 'MaxResults' };

/** Where operations on a pool are. */
export const POOL = '/identitypools/{IdentityPoolId}';

/** Where operations on an identity are. */
export const IDENTITY = `${POOL}/identities/{IdentityId}`;

/** Where all of an identity's datasets are. */
export const DATASETS = `${IDENTITY}/datasets`;

/** Where operations on a dataset are. */
export const DATASET = `${DATASETS}/{DatasetName}`;
