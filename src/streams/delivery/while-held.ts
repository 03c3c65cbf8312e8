/**
 * Does `work` and renews a lease of so many milliseconds meanwhile, three times before it would end. A renewal that fails
 * is left: the lease ends by itself then, and another node does the work again.
 */
export const whileHeld = async <T>(
  leaseMs: number,
  renew: () => Promise<unknown>,
  work: () => Promise<T>,
): Promise<T> => {
  let renewing: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    renewing = renew().catch(() => undefined);
  }, leaseMs / 3).unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    // One that is under way would hold again what is settled next.
    await renewing;
  }
};
