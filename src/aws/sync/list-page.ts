import { ServiceError, invalidParameter } from '../../errors';
import type { Page } from '../../page';

/** A page of a list as callers ask for it. */
interface Wanted {
  maxResults?: number | undefined;
  nextToken?: string | undefined;
}

/** A page of a list as AWS answers it. */
interface ListPage<T> {
  nodes: T[];
  /** Null on the last page. */
  nextToken: string | null;
}

/**
 * A page of a service's list, under AWS's names: MaxResults for `first`, NextToken for `after`.
 * @throws INVALID_PARAMETER for a NextToken that the list never gave out
 */
export const listPage = async <T>(
  { maxResults, nextToken }: Wanted,
  read: (page: { first?: number | undefined; after?: string | undefined }) => Promise<Page<T>>,
): Promise<ListPage<T>> => {
  const { nodes, hasNextPage, cursorOf } = await read({ first: maxResults, after: nextToken }).catch(
    underAwsName,
  );
  const last = nodes.at(-1);
  return { nodes, nextToken: hasNextPage && last !== undefined ? cursorOf(last) : null };
};

const underAwsName = (error: unknown): never => {
  if (!(error instanceof ServiceError) || error.fields.field !== 'after') throw error;
  throw invalidParameter('NextToken must come from the page before of this list', { field: 'nextToken' });
};
