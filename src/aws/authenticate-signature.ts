import { ANONYMOUS, type Actor } from '../actor';
import type { Context } from '../context';
import type { AwsService } from './aws-error';
import type { AwsRequest } from './wire';

/** Who signed a request. */
export const authenticateSignature = async (
  _ctx: Context,
  _request: AwsRequest,
  _service: AwsService,
): Promise<Actor> => ANONYMOUS;
