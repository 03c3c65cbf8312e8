import { AuditEvent } from './audit/audit-event.entity';
import { ApiKey } from './credentials/api-key.entity';
import { DeletedIdentity } from './identities/deleted-identity.entity';
import { Identity } from './identities/identity.entity';
import { IdentityCount } from './identities/identity-count.entity';
import { IdentityLogin } from './identities/identity-login.entity';
import { Login } from './identities/login.entity';
import { IdentityPool } from './identity-pools/identity-pool.entity';
import { OpenIdConnectProvider } from './logins/open-id-connect-provider.entity';
import { SamlProvider } from './logins/saml-provider.entity';
import { UsedSamlAssertion } from './logins/used-saml-assertion.entity';
import { Role } from './roles/role.entity';
import { Dataset } from './sync/dataset.entity';
import { SyncRecord } from './sync/record.entity';
import { UsedSyncSession } from './sync/used-sync-session.entity';
import { SigningKey } from './tokens/signing-key.entity';

/** Every entity class, once. The only file that knows them all. */
export const entities = [
  ApiKey,
  AuditEvent,
  Dataset,
  DeletedIdentity,
  Identity,
  IdentityCount,
  IdentityLogin,
  IdentityPool,
  Login,
  OpenIdConnectProvider,
  Role,
  SamlProvider,
  SigningKey,
  SyncRecord,
  UsedSamlAssertion,
  UsedSyncSession,
];
