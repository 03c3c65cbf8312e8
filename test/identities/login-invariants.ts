import { rowsOf, type Data } from '../support/factories';
import type { TestServer } from '../support/server';

/** Each row that this finds breaks the rule that it names. $1 is the pool, $2 its developer provider. */
const BROKEN_RULES = `
  WITH RECURSIVE own AS (SELECT * FROM identities WHERE identity_pool_id = $1),
  forward AS (SELECT * FROM logins WHERE identity_pool_id = $1),
  reverse AS (SELECT r.* FROM identity_logins r JOIN own USING (identity_id)),
  chain AS (
    SELECT identity_id AS start, merged_into AS link, 1 AS length FROM own WHERE merged_into IS NOT NULL
    UNION ALL
    SELECT c.start, o.merged_into, c.length + 1 FROM chain c JOIN own o ON o.identity_id = c.link
      WHERE o.merged_into IS NOT NULL AND c.length < 100)

  SELECT 'a login is on one live identity that signed in' AS rule, l.login_key AS breaks_it
    FROM forward l LEFT JOIN own o USING (identity_id)
    WHERE o.identity_id IS NULL OR o.disabled_at IS NOT NULL OR NOT o.is_authenticated
  UNION ALL
  SELECT 'logins and identity_logins say the same', coalesce(l.login_key, r.login_key)
    FROM forward l FULL JOIN reverse r ON l.login_key = r.login_key AND l.identity_id = r.identity_id
      AND l.provider = r.provider AND l.subject = r.subject
    WHERE l.login_key IS NULL OR r.login_key IS NULL
  UNION ALL
  SELECT 'an identity has one login of a public provider', identity_id
    FROM reverse WHERE provider <> $2 GROUP BY identity_id, provider HAVING count(*) > 1
  UNION ALL
  SELECT 'an identity has at most 20 logins', identity_id
    FROM reverse GROUP BY identity_id HAVING count(*) > 20
  UNION ALL
  SELECT 'a dataset is on a live identity of its pool', d.dataset_name
    FROM datasets d LEFT JOIN own o USING (identity_id)
    WHERE d.identity_pool_id = $1 AND (o.identity_id IS NULL OR o.disabled_at IS NOT NULL)
  UNION ALL
  SELECT 'a record is in a dataset of a live identity', r.record_key
    FROM records r LEFT JOIN datasets d USING (identity_id, dataset_name)
      LEFT JOIN identities i USING (identity_id)
    WHERE d.identity_id IS NULL OR i.identity_id IS NULL OR i.disabled_at IS NOT NULL
  UNION ALL
  SELECT 'a dataset counts its records', d.dataset_name FROM datasets d
    WHERE d.identity_pool_id = $1 AND d.num_records <> (SELECT count(*) FROM records r
      WHERE r.identity_id = d.identity_id AND r.dataset_name = d.dataset_name AND r.value IS NOT NULL)
  UNION ALL
  SELECT 'who was merged, and nobody else, is disabled', identity_id
    FROM own WHERE (disabled_at IS NULL) <> (merged_into IS NULL)
  UNION ALL
  SELECT 'merges do not go in a circle', start FROM chain WHERE length = 100`;

/** What is wrong with the logins, identities and datasets of a pool where nothing but merges disables. */
export const brokenRules = (
  server: TestServer,
  identityPoolId: string,
  developerProvider: string,
): Promise<Data[]> => rowsOf(server, BROKEN_RULES, [identityPoolId, developerProvider]);

/** A value that the server has said it wrote; each has a key of its own. */
export interface Written {
  identityId: string;
  datasetName: string;
  key: string;
}

/** Remembers what was written and who was merged into whom, also when the merged ones are deleted afterwards. */
export class Memory {
  private values: Written[] = [];
  /** Applied when all calls have been answered: answers of calls at once come in any order. */
  private deletions: Omit<Written, 'key'>[] = [];
  private readonly mergedInto = new Map<string, string>();

  constructor(
    private readonly server: TestServer,
    private readonly identityPoolId: string,
  ) {}

  wrote(value: Written): void {
    this.values.push(value);
  }

  /** The dataset was deleted while it was this identity's own. */
  deleted(identityId: string, datasetName: string): void {
    this.deletions.push({ identityId, datasetName });
  }

  private forgetDeleted(): void {
    const isDeleted = (value: Written): boolean =>
      this.deletions.some(
        (gone) => gone.identityId === value.identityId && gone.datasetName === value.datasetName,
      );
    this.values = this.values.filter((value) => !isDeleted(value));
    this.deletions = [];
  }

  private survivorOf(identityId: string): string {
    const next = this.mergedInto.get(identityId);
    return next === undefined ? identityId : this.survivorOf(next);
  }

  /** Values of identities that live on, in themselves or in a survivor, and that are not where they should be. */
  async lostValues(): Promise<Written[]> {
    this.forgetDeleted();
    const identities = await rowsOf(
      this.server,
      'SELECT identity_id, merged_into FROM identities WHERE identity_pool_id = $1',
      [this.identityPoolId],
    );
    for (const row of identities) if (row.merged_into) this.mergedInto.set(row.identity_id, row.merged_into);
    const present = new Set(identities.map((row) => row.identity_id));
    const found = await this.placesOfValues();
    return this.values.filter((value) => {
      const survivor = this.survivorOf(value.identityId);
      return present.has(survivor) && !found.has(placeOf(value, survivor));
    });
  }

  private async placesOfValues(): Promise<Set<string>> {
    const rows = await rowsOf(
      this.server,
      `SELECT r.identity_id, r.dataset_name, r.record_key FROM records r JOIN identities i USING (identity_id)
         WHERE i.identity_pool_id = $1 AND r.value = 'value of ' || r.record_key`,
      [this.identityPoolId],
    );
    return new Set(rows.map((row) => `${row.identity_id} ${row.dataset_name} ${row.record_key}`));
  }
}

/** Under a survivor the dataset has the name of whom it came from, however many merges lie between. */
const placeOf = ({ identityId, datasetName, key }: Written, survivor: string): string =>
  `${survivor} ${survivor === identityId ? datasetName : `${datasetName}.${identityId}`} ${key}`;
