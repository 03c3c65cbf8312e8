import { AuditEvent } from './audit/audit-event.entity';
import { ImportedDataset } from './cognito-import/imported-dataset.entity';
import { ImportedIdentity } from './cognito-import/imported-identity.entity';
import { ImportedIdentityPool } from './cognito-import/imported-identity-pool.entity';
import { ApiKey } from './credentials/api-key.entity';
import { DeletedIdentity } from './identities/deleted-identity.entity';
import { Identity } from './identities/identity.entity';
import { IdentityCount } from './identities/identity-count.entity';
import { IdentityLogin } from './identities/identity-login.entity';
import { Login } from './identities/login.entity';
import { UnprovenLogin } from './identities/unproven-login.entity';
import { IdentityPool } from './identity-pools/identity-pool.entity';
import { OpenIdConnectProvider } from './logins/open-id-connect-provider.entity';
import { SamlProvider } from './logins/saml-provider.entity';
import { UsedSamlAssertion } from './logins/used-saml-assertion.entity';
import { PlatformFailure } from './push/platform-failure.entity';
import { Role } from './roles/role.entity';
import { BulkPublish } from './streams/bulk/bulk-publish.entity';
import { StreamPayload } from './streams/stream-payload.entity';
import { Dataset } from './sync/dataset.entity';
import { DatasetSubscription } from './sync/dataset-subscription.entity';
import { Device } from './sync/device.entity';
import { DeviceToken } from './sync/device-token.entity';
import { PoolUsage } from './sync/pool-usage.entity';
import { RecordHistory } from './sync/record-history.entity';
import { SyncRecord } from './sync/record.entity';
import { SyncConfiguration } from './sync/sync-configuration.entity';
import { SyncEvent } from './sync/sync-event.entity';
import { SyncMutation } from './sync/sync-mutation.entity';
import { SyncSessionCount } from './sync/sync-session-count.entity';
import { UsedSyncSession } from './sync/used-sync-session.entity';
import { SigningKey } from './tokens/signing-key.entity';

/** Every entity class, once. The only file that knows them all. */
export const entities = [
  ApiKey,
  AuditEvent,
  BulkPublish,
  Dataset,
  DatasetSubscription,
  DeletedIdentity,
  Device,
  DeviceToken,
  Identity,
  IdentityCount,
  IdentityLogin,
  IdentityPool,
  ImportedDataset,
  ImportedIdentity,
  ImportedIdentityPool,
  Login,
  OpenIdConnectProvider,
  PlatformFailure,
  PoolUsage,
  RecordHistory,
  Role,
  SamlProvider,
  SigningKey,
  StreamPayload,
  SyncConfiguration,
  SyncEvent,
  SyncMutation,
  SyncRecord,
  SyncSessionCount,
  UnprovenLogin,
  UsedSamlAssertion,
  UsedSyncSession,
];
