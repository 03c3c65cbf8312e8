import type { Page } from '../../page';

/** What a call says of the page that it wants, as the services take it. */
export const toPageRequest = (given: {
  maxResults: number;
  nextToken?: string | undefined;
}): { first: number; after?: string } => ({
  first: given.maxResults,
  ...(given.nextToken === undefined ? {} : { after: given.nextToken }),
});

/** Where the next page begins; undefined after the last. */
export const nextTokenOf = <T>({ nodes, hasNextPage, cursorOf }: Page<T>): string | undefined =>
  hasNextPage && nodes.length > 0 ? cursorOf(nodes[nodes.length - 1] as T) : undefined;
