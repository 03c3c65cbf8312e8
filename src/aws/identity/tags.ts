import { listTagsForResource, tagResource, untagResource } from '../../identity-pools/tags.service';
import { list, structure } from '../members/collections';
import { arn } from '../members/identifiers';
import { operation, type Operation } from '../operation';
import { fromTags, tagKey, tagsMap, toTags } from './members';

/** Operations on the tags of pools. */
export const tagOperations: Operation[] = [
  operation('ListTagsForResource', structure({ resourceArn: arn }), async (ctx, input) => ({
    Tags: fromTags(await listTagsForResource(ctx, input)),
  })),
  operation('TagResource', structure({ resourceArn: arn, tags: tagsMap }), async (ctx, input) => {
    await tagResource(ctx, { ...input, tags: toTags(input.tags) });
    return {};
  }),
  operation('UntagResource', structure({ resourceArn: arn, tagKeys: list(tagKey) }), async (ctx, input) => {
    await untagResource(ctx, input);
    return {};
  }),
];
