import type { ApolloServerPlugin } from '@apollo/server';
import { GraphQLError, type DocumentNode } from 'graphql';
import type { Context, RequestInfo } from '../context';
import type { LiveContext } from '../push/live/live-connection';

/** Documents of subscriptions that passed everything that documents have to pass, by the request that they came with. */
const passed = new WeakMap<RequestInfo, DocumentNode>();

/** The document of a subscription that the server let pass; undefined when it refused it. */
export const passedDocument = (ctx: LiveContext): DocumentNode | undefined => passed.get(ctx.request);

const isLive = (ctx: Context): boolean => 'connection' in ctx;

/**
 * Subscriptions go over connections that stay, and nothing else goes there. There a subscription goes through all that
 * other operations do, validation and limits, and stops before it would be executed: `openSubscription` goes on.
 */
export const subscriptionsApart = (): ApolloServerPlugin<Context> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ operation, contextValue }) => {
      if (!operation || (operation.operation === 'subscription') === isLive(contextValue)) return;
      throw wrongWay(isLive(contextValue) ? ONLY_SUBSCRIPTIONS : NO_SUBSCRIPTIONS);
    },
    responseForOperation: async ({ document, contextValue }) => {
      if (!isLive(contextValue)) return null;
      passed.set(contextValue.request, document);
      return { http: { headers: new Map() as never }, body: { kind: 'single', singleResult: {} } };
    },
  }),
});

const ONLY_SUBSCRIPTIONS =
  'Only subscriptions go over a WebSocket or an event stream. Send queries and mutations by POST to /graphql.';
const NO_SUBSCRIPTIONS =
  'Subscriptions go over a WebSocket at /graphql (graphql-transport-ws) or an event stream at /graphql/stream (GraphQL over SSE).';

const wrongWay = (sentence: string): GraphQLError =>
  new GraphQLError(sentence, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
