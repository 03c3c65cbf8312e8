import { z } from 'zod';
import { ServiceError } from '../../errors';
import { LIMITS } from '../../protocol/limits';
import { PATCH_OPERATIONS } from '../../protocol/sync';
import { recordPatch } from '../sync.input';
import type { TriggerChanges, TriggerEvent, TriggerRecord } from './trigger-event';

/** What the trigger said cannot be used, or it said nothing; the sentence says why. Nothing was written. */
export const unusableOutput = (message: string, fields: { field?: string } = {}): ServiceError =>
  new ServiceError('INVALID_LAMBDA_FUNCTION_OUTPUT', message, fields);

/**
 * What the trigger wants to be different from the event that it was shown. Records that its answer leaves out stay as
 * the patches want them, and so do those that it leaves alone; removing what is not there is no change.
 * @throws INVALID_LAMBDA_FUNCTION_OUTPUT with the `field`, for an answer that is no such event, that changes another
 *   member than `datasetRecords`, or whose keys and values are beyond the limits of records
 */
export const changesIn = (event: TriggerEvent, body: string): TriggerChanges => {
  const { datasetRecords, ...rest } = objectIn(parsed(body), '');
  requireSame(event, rest);
  const changes = new Map<string, string | null>();
  const answered = Object.entries(objectIn(datasetRecords, 'datasetRecords'));
  requireFew(event, answered.length);
  for (const [key, given] of answered) {
    const value = wantedValue(key, given);
    const shown: TriggerRecord | undefined = Object.hasOwn(event.datasetRecords, key)
      ? event.datasetRecords[key]
      : undefined;
    if (value !== (shown?.newValue ?? null)) changes.set(key, value);
  }
  return changes;
};

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    throw unusableOutput(
      'The sync trigger must answer with JSON: the event that it was sent, changed or not.',
    );
  }
};

const objectIn = (value: unknown, field: string): Record<string, unknown> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw unusableOutput(`In the answer of the sync trigger ${field || 'the whole'} must be an object.`, {
    field,
  });
};

/** Only records may be changed (E1). */
const requireSame = (event: TriggerEvent, answered: Record<string, unknown>): void => {
  const sent: Record<string, unknown> = { ...event, datasetRecords: undefined };
  const names = new Set([...Object.keys(sent), ...Object.keys(answered)]);
  const field = [...names].find((name) => !Object.hasOwn(sent, name) || answered[name] !== sent[name]);
  if (field === undefined) return;
  throw unusableOutput(
    `The sync trigger may change datasetRecords and nothing else, but its answer has another ${named(field)}.`,
    { field: named(field) },
  );
};

/** The records that it was shown, and a dataset full of others: more could not be stored, and would take long to read. */
const requireFew = ({ datasetRecords: shown }: TriggerEvent, count: number): void => {
  const maximum = Object.keys(shown).length + LIMITS.recordsPerDataset;
  if (count <= maximum) return;
  throw unusableOutput(
    `In the answer of the sync trigger datasetRecords must have at most ${maximum} records; it has ${count}.`,
    { field: 'datasetRecords' },
  );
};

const answeredRecord = z.object(
  {
    op: z.enum(PATCH_OPERATIONS, 'must be "replace" or "remove"').nullish(),
    newValue: z.string('must be a string or null').nullish(),
  },
  'must be an object',
);

/** `op: "remove"` removes whatever `newValue` says, and without a `newValue` there is nothing to replace by (E1). */
const wantedValue = (key: string, given: unknown): string | null => {
  const record = answeredRecord.safeParse(given);
  if (!record.success) throw wrongRecord(key, record.error);
  const { op, newValue } = record.data;
  const value = op === 'remove' ? null : (newValue ?? null);
  const checked = recordPatch.safeParse({
    op: value === null ? 'remove' : 'replace',
    key,
    value,
    syncCount: 0,
  });
  if (!checked.success) throw wrongRecord(key, checked.error);
  return value;
};

const wrongRecord = (key: string, { issues }: z.ZodError): ServiceError => {
  const issue = issues[0];
  const member = issue?.path[0] === 'value' ? 'newValue' : String(issue?.path[0] ?? '');
  const field = ['datasetRecords', named(key), ...(member === '' || member === 'key' ? [] : [member])].join(
    '.',
  );
  return unusableOutput(
    `In the answer of the sync trigger ${member === 'key' ? 'the key of ' : ''}${field} ${problemOf(issue)}.`,
    { field },
  );
};

const problemOf = (issue: z.core.$ZodIssue | undefined): string => {
  if (issue?.code === 'too_big') return `must have a length of at most ${issue.maximum}`;
  if (issue?.code === 'too_small') return `must have a length of at least ${issue.minimum}`;
  return issue?.message ?? 'is wrong';
};

const NAME_LENGTH = 100;

/** So much of a name as fits into a sentence. */
const named = (name: string): string =>
  (name.length <= NAME_LENGTH ? name : `${name.slice(0, NAME_LENGTH)}…`).toWellFormed();
