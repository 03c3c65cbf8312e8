import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../graphql-types/scalars';
import type { VerificationKey } from './key-ring';
import type { SigningKeyState } from './signing-key.entity';

/** GraphQL enum `SigningKeyState`: names in capitals, values as the service knows them. */
export const SigningKeyStateType: Record<string, SigningKeyState> = {
  NEXT: 'next',
  CURRENT: 'current',
  RETIRED: 'retired',
};
registerEnumType(SigningKeyStateType, {
  name: 'SigningKeyState',
  description: 'Where a signing key is in its life.',
  valuesConfig: {
    NEXT: { description: 'Published, so that verifiers know it before it signs anything.' },
    CURRENT: { description: 'Signs.' },
    RETIRED: { description: 'Signs no more; published for 24 hours and 5 minutes for what it has signed.' },
  },
});

/** GraphQL type `SigningKey`. */
@ObjectType('SigningKey', {
  description: 'A key that open id tokens are signed with. Its private part is never shown.',
})
export class SigningKeyType {
  @Field(() => ID, { description: 'The `kid` of tokens and of the published key set.' })
  id!: string;

  @Field(() => SigningKeyStateType, { description: 'Where it is in its life.' })
  state!: SigningKeyState;

  @Field(() => String, { description: 'The JWS algorithm: RS512 or RS256.' })
  algorithm!: string;

  @Field(() => DateTime, { description: 'When it was made.' })
  creationDate!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it began to sign; null for the next one.' })
  activationDate!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it stopped signing; null before that.' })
  retirementDate!: Date | null;
}

/** The key as GraphQL answers it. */
export const toSigningKeyType = (key: VerificationKey): SigningKeyType => ({
  id: key.kid,
  state: key.state,
  algorithm: key.algorithm,
  creationDate: key.createdAt,
  activationDate: key.activatedAt,
  retirementDate: key.retiredAt,
});

@InputType({ description: 'How to rotate.' })
export class RotateSigningKeyInput {
  @Field(() => Boolean, {
    nullable: true,
    description:
      'Rotate although the last rotation is less than an hour ago. Verifiers that keep the key set may refuse new tokens until they fetch it again. Default false.',
  })
  evenIfRecent?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'After a leak: withdraw the key that signed until now, and all that were retired before it, within seconds. Tokens that they signed stop being valid. Default false.',
  })
  withdrawRetired?: boolean | null;
}

@ObjectType({ description: 'The keys after the rotation.' })
export class RotateSigningKeyPayload {
  @Field(() => [SigningKeyType], { description: 'The next, the current and the retired keys, by age.' })
  signingKeys!: SigningKeyType[];
}
