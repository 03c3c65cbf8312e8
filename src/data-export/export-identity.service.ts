import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { authorize, isAuthorized } from '../authorize';
import type { Context } from '../context';
import { invalidParameter, limitExceeded } from '../errors';
import { identityPoolArn } from '../ids';
import { describeIdentity } from '../identities/identity.service';
import { decodeCursor, encodeCursor } from '../page';
import { LIMITS } from '../protocol/limits';
import {
  authorizedOwner,
  datasetResource,
  identityNotFound,
  ownerNotFound,
  type DatasetOwner,
} from '../sync/dataset-owner';
import { ownerInput } from '../sync/sync.input';
import { parse, text } from '../validate';
import {
  measureDocument,
  readDocument,
  readHistory,
  type ExportDocument,
  type ExportedEarlierValue,
  type ExportScope,
  type HistoryPosition,
} from './export-document';

/** Bytes that a document may have apart from its history: it is held in memory. */
export const EXPORT_BYTES = 64 * 1024 * 1024;

const exportInput = ownerInput.extend({ after: text(1, 65_535).nullish() });

export type ExportIdentityInput = z.input<typeof exportInput>;

/** A page of an export: the first has everything, later ones have more of the history. */
export interface IdentityExport {
  document: Partial<ExportDocument> & {
    format: 'rockpool-identity-export/1';
    exportedDate: string;
    history: ExportedEarlierValue[];
  };
  /** For the next page of the history; null on the last one. */
  endCursor: string | null;
}

/**
 * Everything that is held about an identity, for administrators and for the identity itself. Needs
 * cognito-identity:DescribeIdentity and cognito-sync:ListRecords on `dataset/*` and on each dataset that is there;
 * subjects of logins are shown to an identity of its own, and to who may cognito-identity:ListLogins; audit events of
 * what the identity did likewise, and to who may cloudtrail:LookupEvents. Of a device's token and of sealed things
 * nothing is shown. The export is written down in the audit log.
 * @throws RESOURCE_NOT_FOUND, NOT_AUTHORIZED, ACCESS_DENIED; LIMIT_EXCEEDED (`exportBytes`) above 64 MiB
 */
export const exportIdentity = async (ctx: Context, input: ExportIdentityInput): Promise<IdentityExport> => {
  const { after, ...given } = parse(exportInput, input);
  const position = positionOf(after);
  const owner = await authorizedOwner(ctx, 'cognito-sync:ListRecords', given, '*');
  await requireDescribed(ctx, owner);
  const document = position ? {} : await wholeDocument(ctx, owner);
  if (position) await requireReadable(ctx, owner);
  const { values, hasMore } = await readHistory(ctx, owner.identityId, position);
  const last = values.at(-1);
  return {
    document: {
      format: 'rockpool-identity-export/1',
      exportedDate: ctx.now().toISOString(),
      ...document,
      history: values,
    },
    endCursor: hasMore && last ? cursorOf(last) : null,
  };
};

const requireDescribed = async (
  ctx: Context,
  { identityId, identityPoolId }: DatasetOwner,
): Promise<void> => {
  const { identity } = await describeIdentity(ctx, { identityId });
  if (identity.identityPoolId !== identityPoolId) throw identityNotFound(identityId);
};

const wholeDocument = async (ctx: Context, owner: DatasetOwner): Promise<ExportDocument> => {
  await requireReadable(ctx, owner);
  const bytes = await measureDocument(ctx, owner.identityId);
  if (bytes > EXPORT_BYTES)
    throw limitExceeded(`This export would have ${bytes} bytes; at most ${EXPORT_BYTES} are allowed.`, {
      limit: 'exportBytes',
      maximum: EXPORT_BYTES,
      value: bytes,
    });
  const document = await readDocument(ctx, owner.identityId, scopeOf(ctx, owner));
  if (!document) throw ownerNotFound(ctx, owner.identityId);
  await recordAudit(ctx, {
    action: 'cognito-identity:ExportIdentity',
    resource: identityPoolArn(ctx.config, owner.identityPoolId),
    details: { identityId: owner.identityId },
  });
  return document;
};

const scopeOf = (ctx: Context, owner: DatasetOwner): ExportScope => {
  const isItself = ctx.actor.kind === 'identity';
  const arn = identityPoolArn(ctx.config, owner.identityPoolId);
  return {
    subjects: isItself || isAuthorized(ctx, 'cognito-identity:ListLogins', { arn, owner }),
    auditEvents: isItself || isAuthorized(ctx, 'cloudtrail:LookupEvents', { arn: '*' }),
  };
};

/** A policy may deny single datasets: then there is no export without them that could be called whole. */
const requireReadable = async (ctx: Context, owner: DatasetOwner): Promise<void> => {
  const rows: { dataset_name: string }[] = await ctx.db.query(
    'SELECT dataset_name FROM datasets WHERE identity_id = $1 ORDER BY dataset_name',
    [owner.identityId],
  );
  for (const { dataset_name } of rows)
    authorize(ctx, 'cognito-sync:ListRecords', datasetResource(ctx, owner, dataset_name));
};

const cursorOf = ({ datasetName, key, syncCount }: HistoryPosition): string =>
  encodeCursor(JSON.stringify([datasetName, key, syncCount]));

const historyPosition = z.tuple([text(1, 200), text(1, LIMITS.recordKeyLength), z.int().min(0)]);

/** @throws INVALID_PARAMETER for a cursor that no export gave out */
const positionOf = (after: string | null | undefined): HistoryPosition | undefined => {
  const key = decodeCursor(after);
  if (!after) return undefined;
  const position = historyPosition.safeParse(partsOf(key));
  if (!position.success)
    throw invalidParameter('after must come from an earlier page of this export', { field: 'after' });
  const [datasetName, recordKey, syncCount] = position.data;
  return { datasetName, key: recordKey, syncCount };
};

const partsOf = (key: string): unknown => {
  try {
    return JSON.parse(key);
  } catch {
    return undefined;
  }
};
