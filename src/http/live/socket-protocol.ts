import type { ApolloServer } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { makeServer, type Context as Protocol, type Server, type SubscribePayload } from 'graphql-ws';
import type { Context, NodeContext } from '../../context';
import { limitExceeded } from '../../errors';
import { toFormatted } from '../../graphql/format-error';
import { openSubscription, type Results } from '../../graphql/open-subscription';
import { liveConnection, liveContext } from '../../graphql/request-context';
import { graphqlSchema } from '../../graphql/schema';
import { LIMITS } from '../../protocol/limits';
import type { LiveConnection } from '../../push/live/live-connection';
import type { Origin } from '../../request-origin';

type SocketContext = Protocol<Record<string, unknown> | undefined, SocketState>;

/** What a socket is and has. */
export class SocketState {
  /** Whether an operation was begun since anybody looked. */
  hasBegun = false;
  private protocol: SocketContext | undefined;
  private connection: LiveConnection | undefined;

  /** @param authorization of the request that opened it */
  constructor(
    readonly origin: Origin,
    private readonly authorization: string | undefined,
  ) {}

  /** The first message: its credentials go before those of the request. */
  begin(node: NodeContext, protocol: SocketContext): void {
    this.protocol = protocol;
    const { authorization, Authorization } = protocol.connectionParams ?? {};
    const [given] = [authorization, Authorization, this.authorization].filter((each) => each !== undefined);
    this.connection = liveConnection(node, this.origin, typeof given === 'string' ? given : undefined);
  }

  /** The connection, after `begin`. */
  get live(): LiveConnection {
    if (!this.connection) throw new Error('the socket has not begun');
    return this.connection;
  }

  /** Subscriptions that run or are about to. */
  countOpen(): number {
    return Object.keys(this.protocol?.subscriptions ?? {}).length;
  }

  /** Whether subscriptions of this caller would be refused, as long as it brings no other credentials. */
  async isOfNobody(): Promise<boolean> {
    const caller = await this.connection?.authenticate().catch(() => undefined);
    return caller !== undefined && caller.kind !== 'identity';
  }
}

/** An error that has its final form. */
class FormattedError extends GraphQLError {
  constructor(private readonly form: GraphQLFormattedError) {
    super(form.message, { extensions: form.extensions ?? null });
  }

  override toJSON(): GraphQLFormattedError {
    return this.form;
  }
}

/** The protocol graphql-transport-ws over this node's schema, for subscriptions. */
export const socketProtocol = (
  node: NodeContext,
  apollo: ApolloServer<Context>,
  initWithin: number,
): Server<SocketState> =>
  makeServer<Record<string, unknown> | undefined, SocketState>({
    connectionInitWaitTimeout: initWithin,
    onConnect: (protocol) => protocol.extra.begin(node, protocol),
    onSubscribe: (protocol, _id, payload) => begin(node, apollo, protocol.extra, payload),
    // It runs already: `begin` has opened it.
    subscribe: (args) => Promise.resolve(args.contextValue as Results) as never,
    // In its final form already; the library would have errors write themselves.
    onNext: (...[, , , , result]) => result as never,
    onError: (_protocol, _id, _payload, errors) =>
      errors.map((error) => (error instanceof FormattedError ? error.toJSON() : toFormatted(error))),
  });

const begin = async (
  node: NodeContext,
  apollo: ApolloServer<Context>,
  state: SocketState,
  payload: SubscribePayload,
) => {
  state.hasBegun = true;
  if (state.countOpen() > LIMITS.subscriptionsPerSocket) return [new FormattedError(tooManyOnSocket())];
  const makeContext = () => liveContext(node, state.origin, state.live);
  const opened = await openSubscription(apollo, makeContext, payload);
  if (opened.errors) return opened.errors.map((error) => new FormattedError(error));
  const { document, results } = opened;
  return { schema: graphqlSchema(), document, operationName: payload.operationName, contextValue: results };
};

const tooManyOnSocket = (): GraphQLFormattedError => {
  const maximum = LIMITS.subscriptionsPerSocket;
  const fields = { limit: 'subscriptionsPerSocket', maximum, value: maximum + 1 };
  return toFormatted(limitExceeded(`A socket has at most ${maximum} subscriptions.`, fields));
};
