import type { FastifyInstance } from 'fastify';
import type { NodeContext } from '../context';

/**
 * `/healthz`: the process answers. `/readyz`: it takes traffic, which needs the database; 503 while it starts, drains
 * or cannot reach the database.
 */
export const mountHealth = (app: FastifyInstance, node: NodeContext, isReady: () => boolean): void => {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const ready = isReady() && (await reachesDatabase(node));
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
};

const reachesDatabase = async (node: NodeContext): Promise<boolean> => {
  try {
    await node.db.query('SELECT 1');
    return true;
  } catch {
    return false;
  }
};
