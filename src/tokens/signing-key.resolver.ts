import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { listSigningKeys, rotateSigningKey } from './signing-key.service';
import {
  RotateSigningKeyInput,
  RotateSigningKeyPayload,
  SigningKeyType,
  toSigningKeyType,
} from './signing-key.types';

/** The keys that open id tokens are signed with. */
@Resolver()
export class SigningKeyResolver {
  @Query(() => [SigningKeyType], {
    description:
      'The next, the current and the retired signing keys, by age, without their private parts (cognito-identity:ListSigningKeys).',
  })
  async signingKeys(@Ctx() ctx: Context): Promise<SigningKeyType[]> {
    return (await listSigningKeys(ctx)).map(toSigningKeyType);
  }

  @Mutation(() => RotateSigningKeyPayload, {
    description:
      'Puts the next signing key in place of the current one, on all nodes within seconds. What the old one signed stays valid.',
  })
  async rotateSigningKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RotateSigningKeyInput, { description: 'How to rotate.' })
    input: RotateSigningKeyInput,
  ): Promise<RotateSigningKeyPayload> {
    return { signingKeys: (await rotateSigningKey(ctx, input)).map(toSigningKeyType) };
  }
}
