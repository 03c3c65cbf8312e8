/** A request as it came in: nothing of it decoded, since signatures are made over what was sent. */
export interface AwsRequest {
  /** The id under which it is logged and answered. */
  id: string;
  method: string;
  /** Percent-encoded, as received. */
  rawPath: string;
  /** As received, without the question mark. */
  rawQuery: string;
  /** By lower-case names, as Node has them. */
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** What is sent back. */
export interface AwsAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A call of an operation: its name, and the members that came along, under the names of AWS's models. */
export interface Call<O> {
  operation: O;
  members: Record<string, unknown>;
}
