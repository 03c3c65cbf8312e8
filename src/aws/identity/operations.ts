import type { Operation } from '../operation';
import { credentialOperations } from './credentials';
import { developerIdentityOperations } from './developer-identities';
import { identityOperations } from './identities';
import { poolOperations } from './pools';
import { principalTagOperations } from './principal-tags';
import { roleOperations } from './roles';
import { tagOperations } from './tags';

/** The 23 operations of Cognito Identity, model 2014-06-30. */
export const IDENTITY_OPERATIONS: Operation[] = [
  ...poolOperations,
  ...roleOperations,
  ...tagOperations,
  ...principalTagOperations,
  ...identityOperations,
  ...credentialOperations,
  ...developerIdentityOperations,
];
