/** A request as it was received: nothing decoded, normalised or parsed, since the client signed what it sent. */
export interface SignedRequest {
  method: string;
  /** The path of the request's target, still percent-encoded. */
  rawPath: string;
  /** What follows the question mark, still percent-encoded; empty without one. */
  rawQuery: string;
  /** By lower-case names, as Node.js has them. */
  headers: Record<string, string | string[] | undefined>;
  body: Uint8Array;
}

/** The value of a header by its lower-case name; of several values their list. Undefined when it was not sent. */
export const headerOf = ({ headers }: SignedRequest, name: string): string | undefined => {
  // A client may name any header as signed: `constructor` is one that everybody seems to have sent.
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return Array.isArray(value) ? value.join(',') : value;
};
