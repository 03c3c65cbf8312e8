import { string } from '../members/shapes';

/** `REGION:UUID`: the id of a pool or of an identity. */
export const poolId = string({ min: 1, max: 55, pattern: '[\\w-]+:[0-9a-f-]+' });
