/** An error that the server answered with, as GraphQL carries it. */
export class GraphqlError extends Error {
  override readonly name = 'GraphqlError';

  constructor(
    message: string,
    /** Its `code`, and fields that let a program act. */
    readonly extensions: Record<string, unknown>,
  ) {
    super(message);
  }
}

/** Where a caller sends its operations, and as whom. */
export interface Connection {
  /** The server's address without path: `http://localhost:4000`. */
  url: string;
  /** For the Authorization header; nobody in particular without it. */
  bearer?: string | undefined;
}

interface Answer<T> {
  data?: T | null;
  errors?: { message: string; extensions?: Record<string, unknown> }[];
}

/**
 * Sends one operation over HTTP; `T` is what its selection makes of `data`.
 * @throws GraphqlError for the first error of the answer.
 */
export const send = async <T>(
  { url, bearer }: Connection,
  query: string,
  variables: object = {},
): Promise<T> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as Answer<T>;
  const error = errors?.[0];
  if (error) throw new GraphqlError(error.message, error.extensions ?? {});
  if (!data) throw new Error(`${url} answered with status ${response.status} and no data`);
  return data;
};
