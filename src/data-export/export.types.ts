import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { JSONValue } from '../graphql-types/scalars';
import { POOL_ID } from '../sync/sync.types';

@InputType({ description: 'The identity to export.' })
export class ExportIdentityInput {
  @Field(() => ID, { nullable: true, description: POOL_ID })
  identityPoolId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'The identity: `REGION:UUID`. Identities may leave it out: it comes from their credentials.',
  })
  identityId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The `endCursor` of the page before, for more of the history. The first page has all the rest.',
  })
  after?: string | null;
}

@ObjectType({ description: 'Everything that is held about an identity, in pages.' })
export class ExportIdentityPayload {
  @Field(() => JSONValue, {
    description:
      'The first page: `identity`, `logins`, `unprovenLogins`, `imported`, `mergedIdentities`, `datasets` with records and removed records, `devices`, `datasetSubscriptions`, `mutations`, `pendingEvents`, `streamRecords`, `auditEvents`, and the first of `history`. Later pages: more of `history`.',
  })
  document!: unknown;

  @Field(() => String, { nullable: true, description: 'For the next page; null on the last one.' })
  endCursor!: string | null;
}
