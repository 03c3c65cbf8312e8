import { CreateIdentityPools1795417200000 } from './1795417200000-create-identity-pools';
import { CreateDatasets1795417300000 } from './1795417300000-create-datasets';
import { CreateUpdateRecords1795417400000 } from './1795417400000-create-update-records';
import { CompleteIdentityPools1795500000000 } from './1795500000000-complete-identity-pools';
import { CreateRateLimits1795510000000 } from './1795510000000-create-rate-limits';
import { CreateAuditEvents1795520000000 } from './1795520000000-create-audit-events';
import { CreateIdentityCounts1795530000000 } from './1795530000000-create-identity-counts';
import { CreateDeletedIdentities1795540000000 } from './1795540000000-create-deleted-identities';
import { ExtendSync1795600000000 } from './1795600000000-extend-sync';
import { RememberEmptyLists1795610000000 } from './1795610000000-remember-empty-lists';
import { CreateImports1795700000000 } from './1795700000000-create-imports';

/** Every migration in order. Written by hand, up and down; run at start by one node while the others wait. */
export const migrations = [
  CreateIdentityPools1795417200000,
  CreateDatasets1795417300000,
  CreateUpdateRecords1795417400000,
  CompleteIdentityPools1795500000000,
  CreateRateLimits1795510000000,
  CreateAuditEvents1795520000000,
  CreateIdentityCounts1795530000000,
  CreateDeletedIdentities1795540000000,
  ExtendSync1795600000000,
  RememberEmptyLists1795610000000,
  CreateImports1795700000000,
];
