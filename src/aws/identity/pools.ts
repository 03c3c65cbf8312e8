import { describeIdentityPool } from '../../identity-pools/identity-pool.service';
import { operation, type Operation } from '../operation';
import { structure } from '../members/shapes';
import { poolId } from './members';

/** Operations on pools and their settings. */
export const poolOperations: Operation[] = [
  operation('DescribeIdentityPool', structure({ identityPoolId: poolId }), async (ctx, input) => {
    const pool = await describeIdentityPool(ctx, input);
    return { IdentityPoolId: pool.id, IdentityPoolName: pool.name };
  }),
];
