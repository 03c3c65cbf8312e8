import { Arg, Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { simulatePolicy } from './simulate-policy.service';
import { SimulatePolicyInput, SimulatePolicyPayload, toEvaluationResultType } from './simulate-policy.types';

/** Why a call is allowed or denied. */
@Resolver()
export class SimulatePolicyResolver {
  @Query(() => SimulatePolicyPayload, {
    description: 'Decides as a real call would and explains it, statement by statement. Changes nothing.',
  })
  async simulatePolicy(
    @Ctx() ctx: Context,
    @Arg('input', () => SimulatePolicyInput, { description: 'Policies and calls.' })
    input: SimulatePolicyInput,
  ): Promise<SimulatePolicyPayload> {
    return { evaluationResults: (await simulatePolicy(ctx, input)).map(toEvaluationResultType) };
  }
}
