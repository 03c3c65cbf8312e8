import type { ServiceError } from '../errors';
import type { Page } from '../page';

/** What a call says of the page that it wants, in AWS's words. */
interface PageMembers {
  maxResults?: number | undefined;
  nextToken?: string | undefined;
}

/** The page that a call wants, in the words of the services: `first` for MaxResults, `after` for NextToken. */
export const toPageRequest = ({
  maxResults,
  nextToken,
}: PageMembers): { first?: number; after?: string } => ({
  ...(maxResults === undefined ? {} : { first: maxResults }),
  ...(nextToken === undefined ? {} : { after: nextToken }),
});

/** The NextToken of a page's answer; undefined on the last page. */
export const nextTokenOf = <T>({ nodes, hasNextPage, cursorOf }: Page<T>): string | undefined => {
  const last = nodes.at(-1);
  return hasNextPage && last !== undefined ? cursorOf(last) : undefined;
};

const NAMES: Record<string, keyof PageMembers> = { first: 'maxResults', after: 'nextToken' };

/** The sentence of a service's error, with a page's member under the name that the caller gave it. */
export const inWordsOfTheModel = ({ message, fields }: ServiceError): string => {
  const field = String(fields.field);
  const member = NAMES[field];
  return member === undefined ? message : message.replace(field, member);
};
