import type { DataSource } from 'typeorm';
import type { ChangeCarrier } from './change-carrier';
import type { DatasetChange } from './dataset-change';

/** Told of each change of an identity's datasets; some come twice, and some not in their order. Must not throw. */
export type ChangeListener = (change: DatasetChange) => void;

/** Where the changes of a node's datasets come together: those made here, and those that other nodes tell of. */
export class ChangeHub {
  private readonly listeners = new Map<string, Set<ChangeListener>>();
  private readonly whenMissed = new Set<() => void>();
  private carrier: ChangeCarrier | undefined;

  /** Listens to one identity until the answer is called. */
  listen(identityId: string, listener: ChangeListener): () => void {
    const those = this.listeners.get(identityId) ?? new Set();
    this.listeners.set(identityId, those.add(listener));
    return () => {
      those.delete(listener);
      if (those.size === 0 && this.listeners.get(identityId) === those) this.listeners.delete(identityId);
    };
  }

  /** Calls `work` whenever notices of other nodes may have been missed, until the answer is called. */
  onMissed(work: () => void): () => void {
    this.whenMissed.add(work);
    return () => this.whenMissed.delete(work);
  }

  /** Other nodes are told by it from now on; before, nobody is. */
  carryWith(carrier: ChangeCarrier): void {
    this.carrier = carrier;
  }

  /** Tells this node now and the others soon. */
  announce(change: DatasetChange): void {
    this.receive([change]);
    this.carrier?.send(change);
  }

  /** What other nodes tell of. */
  receive(changes: DatasetChange[]): void {
    for (const change of changes)
      for (const listener of this.listeners.get(change.identityId) ?? []) listener(change);
  }

  /** Notices may have been lost: those who rely on them look for themselves. */
  missed(): void {
    for (const work of this.whenMissed) work();
  }
}

const hubs = new WeakMap<DataSource, ChangeHub>();

/** The hub of the node that works on this data source. */
export const hubOf = (dataSource: DataSource): ChangeHub => {
  const known = hubs.get(dataSource);
  if (known) return known;
  const hub = new ChangeHub();
  hubs.set(dataSource, hub);
  return hub;
};
