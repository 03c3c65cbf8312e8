import type { ApolloServer } from '@apollo/server';
import {
  subscribe,
  type DocumentNode,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
} from 'graphql';
import { recordDenials } from '../audit/record-audit';
import type { Context } from '../context';
import type { LiveContext } from '../push/live/live-connection';
import { causeOf, formatError, logFaultOf, toFormatted } from './format-error';
import { graphqlSchema } from './schema';
import { passedDocument } from './subscriptions-apart';

/** An operation as clients send it, of any form. */
export interface OperationRequest {
  query?: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
}

/** The answers to a subscription, in their final form; errors that end it are thrown as they are. */
export type Results = Required<AsyncIterableIterator<FormattedExecutionResult, void>>;

/** A subscription that runs, or why it does not. */
export type Opened =
  | { document: DocumentNode; results: Results; errors?: undefined }
  | { errors: readonly GraphQLFormattedError[] };

/**
 * Opens a subscription as any operation is called: the same document rules and limits, the same form of errors, the
 * same log. Never throws.
 */
export const openSubscription = async (
  apollo: ApolloServer<Context>,
  makeContext: () => Promise<LiveContext>,
  { query, operationName, variables }: OperationRequest,
): Promise<Opened> => {
  try {
    const ctx = await makeContext();
    const request = { query, operationName: operationName ?? undefined, variables: variables ?? undefined };
    const { body } = await apollo.executeOperation(request, { contextValue: ctx });
    const document = passedDocument(ctx);
    if (!document) return { errors: (body.kind === 'single' && body.singleResult.errors) || [] };
    return await begin(ctx, document, request);
  } catch (error) {
    return { errors: [toFormatted(error)] };
  }
};

const begin = async (
  ctx: LiveContext,
  document: DocumentNode,
  { operationName, variables }: OperationRequest,
): Promise<Opened> => {
  const source = await subscribe({
    schema: graphqlSchema(),
    document,
    contextValue: ctx,
    operationName,
    variableValues: variables,
  });
  if (Symbol.asyncIterator in source) return { document, results: formatted(ctx, source) };
  return { errors: (await inFinalForm(ctx, source)).errors ?? [] };
};

/** No generator function: one that waits cannot be returned before what it waits for has come. */
const formatted = (ctx: LiveContext, source: AsyncGenerator<ExecutionResult, void>): Results => ({
  next: async () => {
    const result = await source.next();
    return result.done ? result : { done: false, value: await inFinalForm(ctx, result.value) };
  },
  return: async () => {
    await source.return();
    return { done: true, value: undefined };
  },
  throw: async (error) => {
    await source.return();
    throw error;
  },
  [Symbol.asyncIterator]() {
    return this;
  },
});

const inFinalForm = async (
  ctx: LiveContext,
  { errors, ...result }: ExecutionResult,
): Promise<FormattedExecutionResult> => (errors ? { ...result, errors: await tellOf(ctx, errors) } : result);

const tellOf = async (
  ctx: LiveContext,
  errors: readonly GraphQLError[],
): Promise<GraphQLFormattedError[]> => {
  errors.forEach((error) => logFaultOf(ctx.log, error));
  await recordDenials(ctx, errors.map(causeOf));
  return errors.map((error) => formatError(error.toJSON(), error));
};
