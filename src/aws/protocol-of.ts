import { IDENTITY_OPERATIONS } from './identity/operations';
import { json11 } from './protocols/json-1-1';
import { query } from './protocols/query';
import { restJson } from './protocols/rest-json';
import type { Protocol } from './protocols/protocol';
import { headerOf } from './sigv4/signed-request';
import { STS_OPERATIONS } from './sts/operations';
import { SYNC_OPERATIONS } from './sync/operations';
import type { AwsRequest } from './wire';

const IDENTITY = json11('cognito-identity', 'AWSCognitoIdentityService', IDENTITY_OPERATIONS);
const SYNC = restJson('cognito-sync', SYNC_OPERATIONS);
const STS = query('sts', '2011-06-15', STS_OPERATIONS);

/**
 * Whose request it is. The paths of Cognito Sync are its own; a form at `/` is STS's, JSON is Cognito Identity's. Old
 * clients of Cognito Sync send an `X-Amz-Target` too, which says nothing there.
 */
export const protocolOf = (request: AwsRequest): Protocol => {
  if (request.rawPath !== '/') return SYNC;
  const isForm = /^application\/x-www-form-urlencoded/i.test(headerOf(request, 'content-type') ?? '');
  return isForm && headerOf(request, 'x-amz-target') === undefined ? STS : IDENTITY;
};
