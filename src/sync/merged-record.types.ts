import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../graphql-types/enum-of';
import { MERGE_RULES, type MergeRule } from '../protocol/merge-rules/merge-rule-sets';

/** GraphQL enum `MergeRule`. */
export const MergeRuleType = enumOf(MERGE_RULES);
registerEnumType(MergeRuleType, {
  name: 'MergeRule',
  description: 'How two values of one record become one.',
  valuesConfig: {
    LAST_WRITER: { description: 'The one with the later deviceLastModifiedDate.' },
    MAX: { description: 'The larger number.' },
    MIN: { description: 'The smaller number.' },
    SUM: { description: 'The server’s number and what the device added since it saw it.' },
    UNION: { description: 'JSON arrays as sets: what was added, without what was removed.' },
    JSON_MERGE: { description: 'JSON objects member by member.' },
  },
});

/** GraphQL type `MergedRecord`. */
@ObjectType('MergedRecord', { description: 'A stale patch that a merge rule of the pool took in.' })
export class MergedRecordType {
  @Field(() => String, { description: 'The record’s key.' })
  key!: string;

  @Field(() => MergeRuleType, { description: 'The rule.' })
  rule!: MergeRule;

  @Field(() => String, { nullable: true, description: 'The merged value; null when the record is removed.' })
  value!: string | null;

  @Field(() => Boolean, { description: 'Whether the server’s value stays as it was.' })
  isServers!: boolean;
}
