/** Pages of one listing; 1,024 records each make ten million. */
const MOST_PAGES = 10_000;

/** A source that answers pages without end. */
export class EndlessListing extends Error {
  override readonly name = 'EndlessListing';
}

/** Notes the token of the next page. @throws EndlessListing when it came before: the pages would go round in a circle. */
export const noteToken = (seen: Set<string>, token: string | undefined): void => {
  if (token === undefined) return;
  if (seen.has(token)) throw new EndlessListing('the source answers a page token that it answered before');
  seen.add(token);
};

/**
 * All pages of a listing that is kept in memory as a whole.
 * @throws EndlessListing; whatever `page` throws.
 */
export const allPages = async <T extends { NextToken?: string | undefined }>(
  page: (token: string | undefined) => Promise<T>,
): Promise<T[]> => {
  const pages: T[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const answer = await page(token);
    pages.push(answer);
    token = answer.NextToken || undefined;
    noteToken(seen, token);
    if (pages.length > MOST_PAGES)
      throw new EndlessListing(`the source answers more than ${MOST_PAGES} pages of one listing`);
  } while (token !== undefined);
  return pages;
};
