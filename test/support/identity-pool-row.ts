import type { IdentityPool } from '../../src/identity-pools/identity-pool.entity';
import { TEST_NOW } from './service-context';

/** A pool as its row has it, without guests, providers and roles but for what a test says. */
export const identityPoolRow = (overrides: Partial<IdentityPool> = {}): IdentityPool => ({
  id: 'us-east-1:11111111-2222-4333-8444-555555555555',
  name: 'pool',
  allowUnauthenticatedIdentities: false,
  allowClassicFlow: null,
  openIdConnectProviderArns: [],
  supportedLoginProviders: [],
  cognitoIdentityProviders: [],
  samlProviderArns: [],
  emptyLists: [],
  developerProviderName: null,
  roleMappings: [],
  principalTagAttributeMaps: [],
  tags: [],
  authenticatedRoleArn: null,
  unauthenticatedRoleArn: null,
  createdAt: TEST_NOW,
  lastModifiedAt: TEST_NOW,
  deletedAt: null,
  ...overrides,
});
