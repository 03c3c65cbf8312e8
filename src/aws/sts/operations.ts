import { assumeRoleWithWebIdentity } from '../../credentials/assume-role.service';
import { publicOperation, type Operation } from '../operation';
import { integer, string, structure } from '../members/shapes';

/** The one operation of STS that identity pools need: the second half of the classic flow. */
export const STS_OPERATIONS: Operation[] = [
  publicOperation(
    'AssumeRoleWithWebIdentity',
    structure({
      roleArn: string({ min: 20, max: 2048 }),
      roleSessionName: string({ min: 2, max: 64, pattern: '[\\w+=,.@-]*' }),
      webIdentityToken: string({ min: 4, max: 20_000 }),
      durationSeconds: integer({ min: 900, max: 43_200 }).optional(),
      policy: string({ min: 1, max: 2048 }).optional(),
    }),
    async (ctx, input) => {
      const role = await assumeRoleWithWebIdentity(ctx, input);
      return {
        SubjectFromWebIdentityToken: role.subjectFromWebIdentityToken,
      };
    },
  ),
];
