import type { DataSource } from 'typeorm';
import { dataSourceOf, type Context } from '../../context';
import { identityDeleted, identityForbidden, limitExceeded } from '../../errors';
import { hubOf } from '../../events/change-hub';
import { LIMITS } from '../../protocol/limits';
import { readCounts, type DatasetCount, type OwnerCounts } from '../../sync/dataset-counts';
import { type DatasetOwner } from '../../sync/dataset-owner';
import { changeOf } from './change-of';
import { LiveSubscription } from './live-subscription';
import type { LiveContext } from './live-connection';
import type { Watch } from './report';

/** All subscriptions to the datasets of one identity. */
interface OfIdentity {
  owner: DatasetOwner;
  subscriptions: Set<LiveSubscription>;
  /** The total of its datasets that all of them were told of; undefined before the first look. */
  total: string | undefined;
  stopListening: () => void;
}

/** The subscriptions of a node. */
export class LiveSubscriptions {
  private readonly identities = new Map<string, OfIdentity>();
  private reading: Promise<Map<string, OwnerCounts>> | undefined;
  private toRead: string[] = [];
  private open = 0;

  /** How many there are. */
  get size(): number {
    return this.open;
  }

  /**
   * Opens a subscription for a caller who may have it.
   * @throws LIMIT_EXCEEDED when there are as many as may be; INVALID_PARAMETER, IDENTITY_DELETED, NOT_AUTHORIZED as it begins
   */
  async subscribe(ctx: LiveContext, watch: Watch): Promise<LiveSubscription> {
    const ofIdentity = this.identities.get(watch.owner.identityId);
    requireRoom('subscriptionsPerIdentity', LIMITS.subscriptionsPerIdentity, ofIdentity?.subscriptions.size);
    requireRoom('subscriptionsPerNode', ctx.config.liveSubscriptions, this.open);
    const subscription = this.add(ctx, watch);
    try {
      // It listens already, so that nothing is lost between this look and the first notice.
      subscription.begin(await this.countsOf(ctx, watch.owner.identityId));
      return subscription;
    } catch (error) {
      subscription.end();
      throw error;
    }
  }

  private add(ctx: LiveContext, watch: Watch): LiveSubscription {
    const { owner } = watch;
    const ofIdentity = this.identities.get(owner.identityId) ?? this.listenTo(ctx, owner);
    const subscription = new LiveSubscription(ctx, watch, () => this.remove(subscription));
    ofIdentity.subscriptions.add(subscription);
    this.open += 1;
    return subscription;
  }

  private listenTo(ctx: Context, owner: DatasetOwner): OfIdentity {
    const subscriptions = new Set<LiveSubscription>();
    const stopListening = hubOf(dataSourceOf(ctx)).listen(owner.identityId, (change) => {
      for (const subscription of subscriptions) subscription.offer(change);
    });
    const ofIdentity = { owner, subscriptions, total: undefined, stopListening };
    this.identities.set(owner.identityId, ofIdentity);
    return ofIdentity;
  }

  private remove(subscription: LiveSubscription): void {
    const { identityId } = subscription.watch.owner;
    const ofIdentity = this.identities.get(identityId);
    if (!ofIdentity?.subscriptions.delete(subscription)) return;
    this.open -= 1;
    if (ofIdentity.subscriptions.size > 0) return;
    ofIdentity.stopListening();
    this.identities.delete(identityId);
  }

  /** Those who come at the same time, as after a restart, are looked up together. */
  private async countsOf(ctx: Context, identityId: string): Promise<DatasetCount[]> {
    this.toRead.push(identityId);
    this.reading ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      const ids = [...new Set(this.toRead)];
      this.toRead = [];
      this.reading = undefined;
      return readCounts(ctx, ids);
    });
    const owner = (await this.reading).get(identityId);
    if (!owner) throw identityDeleted(identityId);
    if (owner.isDisabled) throw identityForbidden(identityId);
    return owner.datasets;
  }

  /** Every identity that somebody listens to, once. */
  identityIds(): string[] {
    return [...this.identities.keys()];
  }

  /** Every subscription. */
  all(): LiveSubscription[] {
    return [...this.identities.values()].flatMap(({ subscriptions }) => [...subscriptions]);
  }

  /** Whether datasets of an identity were written or deleted since `markSeen`. */
  isNews(identityId: string, total: string): boolean {
    const ofIdentity = this.identities.get(identityId);
    return ofIdentity !== undefined && ofIdentity.total !== total;
  }

  /** Tells all subscriptions of an identity where its datasets stand; those who know it already stay quiet. */
  markSeen(
    ctx: Context,
    identityId: string,
    { total, datasets }: { total: string; datasets: DatasetCount[] },
  ): void {
    const ofIdentity = this.identities.get(identityId);
    if (!ofIdentity) return;
    ofIdentity.total = total;
    const changes = datasets.map((count) => changeOf(ctx, ofIdentity.owner, count));
    for (const subscription of ofIdentity.subscriptions) changes.forEach((each) => subscription.offer(each));
  }

  /** Ends all subscriptions of an identity. */
  endIdentity(identityId: string, error: Error): void {
    for (const subscription of [...(this.identities.get(identityId)?.subscriptions ?? [])])
      subscription.end(error);
  }
}

const requireRoom = (limit: string, maximum: number, open = 0): void => {
  if (open < maximum) return;
  throw limitExceeded(`There are ${maximum} subscriptions already, which is as many as may be.`, {
    limit,
    maximum,
    value: open + 1,
  });
};

const registries = new WeakMap<DataSource, LiveSubscriptions>();

/** The subscriptions of the node that works on this data source. */
export const liveSubscriptionsOf = (dataSource: DataSource): LiveSubscriptions => {
  const known = registries.get(dataSource);
  if (known) return known;
  const registry = new LiveSubscriptions();
  registries.set(dataSource, registry);
  return registry;
};
