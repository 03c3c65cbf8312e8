import { REGIONAL_ID_PATTERN } from '../../protocol/limits';
import { unanchored } from './constraints';
import { string } from './shapes';

/** `REGION:UUID`: the id of a pool or of an identity. */
export const regionalId = string({ min: 1, max: 55, pattern: unanchored(REGIONAL_ID_PATTERN) });

const arnLengths = { min: 20, max: 2048 };

/** The ARN of a role, a provider or a pool. */
export const arn = string(arnLengths);

/** The ARN of a role, as Cognito Sync's model narrows it. */
export const roleArn = string({ ...arnLengths, pattern: 'arn:aws:iam::\\d+:role/.*' });
