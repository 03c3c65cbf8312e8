import type { Context } from '../context';
import { ServiceError } from '../errors';

/** The columns of identity pools that name registered providers. */
export type ProviderArnsColumn = 'open_id_connect_provider_arns' | 'saml_provider_arns';

/**
 * A provider stays while a pool takes its logins. Call it under lock of the provider: a pool that comes to name it locks
 * it too.
 * @throws DELETE_CONFLICT with up to 10 `identityPoolIds`.
 */
export const requireUnused = async (tx: Context, column: ProviderArnsColumn, arn: string): Promise<void> => {
  const rows: { identity_pool_id: string }[] = await tx.db.query(
    `SELECT identity_pool_id FROM identity_pools
      WHERE deleted_at IS NULL
        AND EXISTS (SELECT FROM json_array_elements_text(${column}) AS named WHERE named = $1)
      ORDER BY identity_pool_id LIMIT 10`,
    [arn],
  );
  if (rows.length === 0) return;
  throw new ServiceError('DELETE_CONFLICT', 'Identity pools still take logins of this provider.', {
    identityPoolIds: rows.map((row) => row.identity_pool_id),
  });
};
