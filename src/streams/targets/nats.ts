import { isIP } from 'node:net';
import type { NatsConnection, TlsOptions } from '@nats-io/transport-node';
import { allowedAddresses, hostOf } from '../../webhooks/address-rules';
import { firstToAnswer, keepConnection, type KeptConnection } from './kept-connection';
import { oneByOne, putInOrder } from './put-in-order';
import {
  broken,
  DELIVERED,
  retry,
  wordOf,
  type PutOutcome,
  type StreamPut,
  type StreamTarget,
  type TargetOptions,
} from './stream-target';
import { forPool, NATS, type NatsSettings } from './target-settings';

/** Messages under way at the same time. */
const AT_ONCE = 64;

const DEFAULT_PORT = '4222';

/**
 * Publishes to NATS JetStream and waits for the acknowledgement of each message. The event's id is its `Nats-Msg-Id`, by
 * which JetStream drops what comes twice within the stream's duplicate window. A subject that no stream takes and
 * credentials that do not hold are broken; a server that is away or full is for later.
 */
export const natsTarget = (settings: NatsSettings, options: TargetOptions): StreamTarget => {
  const connection = keepConnection({
    open: () => firstToAnswer(settings.servers, (server) => connectTo(new URL(server), settings, options)),
    isOpen: (held) => !held.isClosed(),
    close: (held) => held.close(),
  });
  return {
    maxBytes: settings.maxBytes,
    put: (events) =>
      putInOrder(
        events,
        AT_ONCE,
        oneByOne((put) => publish(connection, put, settings, options.timeoutMs)),
      ),
    close: () => connection.close(),
  };
};

const publish = async (
  connection: KeptConnection<NatsConnection>,
  { event, id }: StreamPut,
  settings: NatsSettings,
  timeout: number,
): Promise<PutOutcome> => {
  let held: NatsConnection | undefined;
  const subject = forPool(settings.subject, event.identityPoolId);
  try {
    held = await connection.get();
    const { jetstream } = await import('@nats-io/jetstream');
    await jetstream(held).publish(subject, JSON.stringify(event), { msgID: id, timeout });
    return DELIVERED;
  } catch (error) {
    // It may be half open: the client itself notices only after minutes.
    if (held && nameOf(error) === 'TimeoutError') await connection.drop(held);
    if (held && nameOf(error) === 'JetStreamNotEnabled') return unanswered(held, subject, timeout);
    return outcomeOf(error, timeout);
  }
};

/** Nobody took the message: no stream has the subject, or the one that has it is between two leaders. */
const unanswered = async (held: NatsConnection, subject: string, timeout: number): Promise<PutOutcome> => {
  try {
    const { jetstreamManager } = await import('@nats-io/jetstream');
    await (await jetstreamManager(held, { checkAPI: false, timeout })).streams.find(subject);
    return retry('the NATS stream has no leader');
  } catch (error) {
    // Who may not ask has to go by what is likelier.
    return ['StreamNotFoundError', 'PermissionViolationError'].includes(nameOf(error))
      ? broken('no NATS stream takes the subject')
      : outcomeOf(error, timeout);
  }
};

const connectTo = async (
  url: URL,
  { user, password, token }: NatsSettings,
  { rules, timeoutMs }: TargetOptions,
): Promise<NatsConnection> => {
  const { connect } = await import('@nats-io/transport-node');
  const addresses = await allowedAddresses(hostOf(url), rules);
  return connect({
    servers: addresses.map((address) => `${bracketed(address)}:${url.port || DEFAULT_PORT}`),
    ...(user === undefined ? {} : { user, pass: password }),
    ...(token === undefined ? {} : { token }),
    tls: url.protocol === NATS.encrypted ? tlsFor(hostOf(url)) : null,
    name: 'Rockpool',
    timeout: timeoutMs,
    noRandomize: true,
    // `keepConnection` connects again, to addresses that were checked; those that a cluster tells of were not.
    reconnect: false,
    ignoreClusterUpdates: true,
  });
};

const bracketed = (address: string): string => (isIP(address) === 6 ? `[${address}]` : address);

/** The certificate has to be for the host of the settings, whatever address it was found at. */
const tlsFor = (host: string): TlsOptions =>
  ({ host, servername: isIP(host) === 0 ? host : '' }) as TlsOptions; // The client hands them on to node:tls.

interface NatsError {
  name: string;
  message: string;
  cause?: NatsError;
  /** Of JetStream, as in HTTP. */
  status?: number;
  /** Of JetStream a number, of sockets a word. */
  code?: number | string;
}

/** The client wraps what the server says about a request. Names, as its classes are not loaded yet when it fails. */
const nameOf = (error: unknown): string => {
  const { name, cause } = error as NatsError;
  return name === 'RequestError' && cause ? cause.name : name;
};

const BROKEN: Record<string, string> = {
  AuthorizationError: 'NATS does not accept the credentials',
  UserAuthenticationExpiredError: 'NATS does not accept the credentials any more',
  PermissionViolationError: 'NATS does not permit these credentials to publish to the subject',
  InvalidArgumentError: 'NATS does not take a message like this: its limit of size may be below maxBytes',
  JetStreamNotEnabled: 'the NATS server has no JetStream',
  ForbiddenAddressError: 'NATS is not on the public Internet, which this server does not allow',
};

const outcomeOf = (error: unknown, timeoutMs: number): PutOutcome => {
  const name = nameOf(error);
  const reason = BROKEN[name];
  if (reason !== undefined) return broken(reason);
  if (name === 'TimeoutError') return retry(`NATS did not answer within ${timeoutMs / 1000} seconds`);
  if (name === 'JetStreamApiError') return outcomeOfJetStream(error as NatsError);
  const { code, cause } = error as NatsError;
  const problem = code ?? cause?.code;
  if (name === 'ConnectionError' && problem === undefined)
    return retry('NATS takes no connection like this: it may want TLS (tls://), or not have it');
  return retry(`NATS cannot be reached (${wordOf(problem ?? name)})`);
};

/** 4xx is about the message or the stream, 5xx about room and servers: a stream that is full is one of these. */
const outcomeOfJetStream = ({ status = 500, code }: NatsError): PutOutcome => {
  const reason = `JetStream refused an event (error ${wordOf(code)})`;
  return status < 500 ? broken(reason) : retry(reason);
};
