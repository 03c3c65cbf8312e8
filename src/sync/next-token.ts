import type { Context } from '../context';
import { invalidParameter } from '../errors';
import { open, seal } from '../tokens/seal';
import type { DatasetAddress } from './dataset-owner';

/** Where a listing goes on, and the dataset's count when it began (S29). */
export interface PagePosition {
  /** The count that the listing began behind. */
  startedAt: number;
  afterSyncCount: number;
  afterKey: string;
  /** The dataset's sync count at the first page: what all pages together show. */
  snapshot: number;
}

/** The inputs that a page token holds for, in one text. */
const inputsOf = (address: DatasetAddress, lastSyncCount: number): string =>
  JSON.stringify([address.identityPoolId, address.identityId, address.datasetName, lastSyncCount]);

/** An opaque token for the page after `position`. */
export const issueNextToken = (
  ctx: Context,
  address: DatasetAddress,
  lastSyncCount: number,
  position: PagePosition,
): string => {
  const content = { of: inputsOf(address, lastSyncCount), ...position };
  return seal(ctx.config.secret, 'next-token', JSON.stringify(content));
};

/** The position of a token for these inputs; undefined without a token. @throws INVALID_PARAMETER (S30) */
export const openNextToken = (
  ctx: Context,
  address: DatasetAddress,
  lastSyncCount: number,
  token: string | null | undefined,
): PagePosition | undefined => {
  if (token === null || token === undefined) return undefined;
  const text = open(ctx.config.secret, 'next-token', token);
  const content = text === undefined ? undefined : (JSON.parse(text) as PagePosition & { of: string });
  if (content?.of === inputsOf(address, lastSyncCount)) return content;
  throw invalidParameter(
    'nextToken must come from the page before, with the same dataset and the same lastSyncCount',
    { field: 'nextToken' },
  );
};
