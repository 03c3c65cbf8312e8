import { recordDenials } from '../audit/record-audit';
import { ANONYMOUS, type Actor } from '../actor';
import type { Context, NodeContext } from '../context';
import { badCredentials } from '../errors';
import { logFault, notePartlyDone } from '../faults';
import type { Origin } from '../request-origin';
import { authenticateSignature } from './authenticate-signature';
import { AwsError } from './aws-error';
import { toAwsError } from './exceptions';
import type { Operation } from './operation';
import type { Protocol } from './protocols/protocol';
import type { AwsAnswer, AwsRequest } from './wire';

/**
 * One call through the AWS door: find the operation, learn who is calling, read the members, call one service, write
 * the answer. Never throws: everything that goes wrong becomes an error that the protocol's clients can read.
 */
export const handle = async (
  node: NodeContext,
  origin: Origin,
  protocol: Protocol,
  request: AwsRequest,
): Promise<AwsAnswer> => {
  const ctx: Context = { ...node, ...origin, actor: ANONYMOUS };
  try {
    const { operation, output } = await perform(ctx, protocol, request);
    return answer(request, 200, protocol.write(operation, output, request.id));
  } catch (error) {
    return failure(ctx, protocol, request, error);
  }
};

const perform = async (
  ctx: Context,
  protocol: Protocol,
  request: AwsRequest,
): Promise<{ operation: Operation; output: object | void }> => {
  const { operation, members } = protocol.read(request);
  ctx.actor = await authenticateSignature(ctx, request, protocol);
  requireSignature(operation, ctx.actor);
  return { operation, output: await operation.perform(ctx, members) };
};

const MISSING = { exception: 'MissingAuthenticationTokenException' };

/** As AWS, which looks who is calling before it reads what they want. */
const requireSignature = ({ isPublic }: Operation, actor: Actor): void => {
  if (isPublic || actor.kind !== 'anonymous') return;
  throw actor.problem ?? badCredentials('MISSING', 'Missing Authentication Token', MISSING);
};

const failure = async (
  ctx: Context,
  protocol: Protocol,
  request: AwsRequest,
  cause: unknown,
): Promise<AwsAnswer> => {
  if (ctx.request.hasCommitted) notePartlyDone(cause);
  if (!(cause instanceof AwsError)) logFault(ctx.log, cause);
  await recordDenials(ctx, [cause]);
  return errorAnswer(protocol, request.id, toAwsError(cause, protocol.service, ctx.config.strictAwsStatuses));
};

/** An error as the clients of a protocol read it. */
export const errorAnswer = (protocol: Protocol, requestId: string, error: AwsError): AwsAnswer => {
  const written = protocol.writeError(error, requestId);
  const retry = error.retryAfterSeconds;
  const headers = { ...written.headers, ...(retry === undefined ? {} : { 'retry-after': String(retry) }) };
  return answer({ id: requestId }, error.status, { ...written, headers });
};

const answer = (
  { id }: Pick<AwsRequest, 'id'>,
  status: number,
  { headers, body }: Pick<AwsAnswer, 'headers' | 'body'>,
): AwsAnswer => ({ status, headers: { ...headers, 'x-amzn-requestid': id }, body });
