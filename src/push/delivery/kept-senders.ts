import { LRUCache } from 'lru-cache';
import type { Context } from '../../context';
import { open } from '../../tokens/seal';
import type { PlatformApplication } from '../push-sync-settings';
import type { PlatformSettings } from '../send/platform-credentials';
import type { KeptSender, SendOutcome } from '../send/sender';
import { senderFor } from '../send/sender-for';

/** Applications whose connections and access tokens a node keeps at once. */
const MOST_KEPT = 200;
/** Milliseconds without a message after which they are let go. */
const IDLE_MS = 600_000;

/** One sender for each pool, application and credentials, made when it is needed. */
export class KeptSenders {
  readonly #senders = new LRUCache<string, KeptSender>({
    max: MOST_KEPT,
    ttl: IDLE_MS,
    updateAgeOnGet: true,
    ttlAutopurge: true,
    dispose: (sender) => sender.close(),
  });

  #isClosed = false;

  constructor(private readonly ctx: Context) {}

  /** The sender of an application; one that refuses when its credentials cannot be opened on this node. */
  of(identityPoolId: string, application: PlatformApplication): KeptSender {
    // What is sealed differs each time, so new credentials get a new sender.
    const name = `${identityPoolId}/${application.arn}/${application.sealedCredentials}`;
    const known = this.#senders.get(name);
    if (known) return known;
    if (this.#isClosed) return answering({ kind: 'RETRY', reason: 'The server is stopping.' });
    const settings = settingsOf(this.ctx, application);
    if (!settings) return answering({ kind: 'REFUSED', reason: SEALED_OTHERWISE });
    const { config, now } = this.ctx;
    const sender = senderFor(settings, config.pushServices, {
      now,
      allowPrivateEndpoints: config.outgoing.allowPrivateAddresses,
    });
    this.#senders.set(name, sender);
    return sender;
  }

  /** Ends all connections; what is being sent becomes `RETRY`. */
  close(): void {
    this.#isClosed = true;
    this.#senders.clear();
  }
}

const SEALED_OTHERWISE =
  'The credentials were sealed under another master secret than the server’s. Give them again.';

const answering = (outcome: SendOutcome): KeptSender => ({
  send: async () => outcome,
  close: () => undefined,
});

const settingsOf = (
  ctx: Context,
  { platform, sealedCredentials }: PlatformApplication,
): PlatformSettings | undefined => {
  const text = open(ctx.config.secret, 'platform-credentials', sealedCredentials);
  return text === undefined
    ? undefined
    : ({ platform, credentials: JSON.parse(text) as unknown } as PlatformSettings);
};
