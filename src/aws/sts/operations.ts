import { assumeRoleWithWebIdentity } from '../../credentials/assume-role.service';
import { list, lowerCaseStructure, structure } from '../members/collections';
import { arn } from '../members/identifiers';
import { integer, string } from '../members/shapes';
import { publicOperation, type Operation } from '../operation';

/** The one operation of STS that identity pools need: the second half of the classic flow. */
export const STS_OPERATIONS: Operation[] = [
  publicOperation(
    'AssumeRoleWithWebIdentity',
    structure({
      roleArn: arn,
      roleSessionName: string({ min: 2, max: 64, pattern: '[\\w+=,.@-]*' }),
      webIdentityToken: string({ min: 4, max: 20_000 }),
      policyArns: list(lowerCaseStructure({ arn: arn.optional() })).optional(),
      policy: string({ min: 1, max: 2048 }).optional(),
      durationSeconds: integer({ min: 900, max: 43_200 }).optional(),
    }),
    async (ctx, { policyArns, ...input }) => {
      const given = { ...input, policyArns: policyArns?.map((policy) => policy.arn ?? '') };
      const role = await assumeRoleWithWebIdentity(ctx, given);
      return {
        Credentials: {
          AccessKeyId: role.credentials.accessKeyId,
          SecretAccessKey: role.credentials.secretKey,
          SessionToken: role.credentials.sessionToken,
          Expiration: role.credentials.expiration,
        },
        SubjectFromWebIdentityToken: role.subjectFromWebIdentityToken,
        AssumedRoleUser: { AssumedRoleId: role.assumedRoleId, Arn: role.assumedRoleArn },
        Provider: role.provider,
        Audience: role.audience,
      };
    },
  ),
];
