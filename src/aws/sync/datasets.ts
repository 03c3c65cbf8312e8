import { LIMITS } from '../../protocol/limits';
import { deleteDataset, describeDataset, listDatasets } from '../../sync/datasets.service';
import type { DatasetDescription } from '../../sync/rows';
import { structure } from '../members/collections';
import { operation } from '../operation';
import { nextTokenOf, toPageRequest } from '../page';
import type { RestOperation } from '../protocols/rest-json';
import { DATASET, DATASETS, PAGE_QUERY, datasetMembers, identityMembers, pageMembers } from './members';

const toDataset = (dataset: DatasetDescription): object => ({
  IdentityId: dataset.identityId,
  DatasetName: dataset.datasetName,
  CreationDate: dataset.creationDate,
  LastModifiedDate: dataset.lastModifiedDate,
  LastModifiedBy: dataset.lastModifiedBy,
  DataStorage: dataset.dataStorage,
  NumRecords: dataset.numRecords,
});

/** Operations on whole datasets. */
export const datasetOperations: RestOperation[] = [
  {
    method: 'GET',
    uri: DATASETS,
    query: PAGE_QUERY,
    operation: operation(
      'ListDatasets',
      structure({ ...identityMembers, ...pageMembers(LIMITS.listPage) }),
      async (ctx, { identityPoolId, identityId, ...wanted }) => {
        const page = await listDatasets(ctx, { identityPoolId, identityId, ...toPageRequest(wanted) });
        return {
          Datasets: page.nodes.map(toDataset),
          Count: page.nodes.length,
          NextToken: nextTokenOf(page) ?? null,
        };
      },
    ),
  },
  {
    method: 'GET',
    uri: DATASET,
    operation: operation('DescribeDataset', structure(datasetMembers), async (ctx, input) => ({
      Dataset: toDataset(await describeDataset(ctx, input)),
    })),
  },
  {
    method: 'DELETE',
    uri: DATASET,
    operation: operation('DeleteDataset', structure(datasetMembers), async (ctx, input) => ({
      Dataset: toDataset(await deleteDataset(ctx, input)),
    })),
  },
];
