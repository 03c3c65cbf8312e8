import type { RestOperation } from '../protocols/rest-json';
import { bulkPublishOperations } from './bulk-publish';
import { datasetOperations } from './datasets';
import { deviceOperations } from './devices';
import { poolConfigurationOperations } from './pool-configuration';
import { recordOperations } from './records';
import { usageOperations } from './usage';

/** The operations of Cognito Sync, model 2014-06-30. */
export const SYNC_OPERATIONS: RestOperation[] = [
  ...recordOperations,
  ...datasetOperations,
  ...usageOperations,
  ...deviceOperations,
  ...poolConfigurationOperations,
  ...bulkPublishOperations,
];
