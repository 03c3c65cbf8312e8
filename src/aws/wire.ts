import type { SignedRequest } from './sigv4/signed-request';

/** A request as it came in. */
export interface AwsRequest extends SignedRequest {
  /** The id under which it is logged and answered. */
  id: string;
  body: Buffer;
}

/** What is sent back. */
export interface AwsAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}
