import type { GraphQLResolveInfo } from 'graphql';
import { Arg, FieldResolver, Resolver, Root, Subscription } from 'type-graphql';
import { isSelected } from '../../graphql-types/selection';
import { watchDatasets } from './dataset-changed.service';
import { RecordListingType } from '../../sync/list-records.types';
import { DatasetChangedInput, DatasetChangedPayload } from './dataset-changed.types';
import type { LiveContext } from './live-connection';
import type { DatasetReport } from './report';

/** What the door hands to a subscription when it begins. */
interface Beginning {
  args: { input?: DatasetChangedInput };
  context: LiveContext;
  info: GraphQLResolveInfo;
}

const begin = ({ args, context, info }: Beginning) =>
  watchDatasets(context, args.input ?? {}, isSelected(info, 'changes'));

/** Telling devices that their datasets changed. */
@Resolver(() => DatasetChangedPayload)
export class DatasetChangedResolver {
  @Subscription(() => DatasetChangedPayload, {
    subscribe: begin as never,
    description:
      'Tells an identity of each change of its datasets, over a WebSocket or an event stream: see docs/live.md. Ends with NOT_AUTHORIZED when the credentials expire, and within 5 seconds when the caller may no longer have it.',
  })
  datasetChanged(
    @Arg('input', () => DatasetChangedInput, { description: 'Which changes to be told of.' })
    _input: DatasetChangedInput,
    @Root() report: DatasetReport,
  ): DatasetReport {
    return report;
  }

  @FieldResolver(() => RecordListingType, {
    nullable: true,
    description:
      'The records that changed since the report before, or since `sinceSyncCounts`, as `listRecords` answers them. If there is a `nextToken`, get the rest with it from `listRecords`, with the count before this report as `lastSyncCount`. Null without cognito-sync:ListRecords on the dataset.',
  })
  changes(@Root() report: DatasetReport): RecordListingType | null {
    if (report.problem) throw report.problem;
    return report.changes ?? null;
  }
}
