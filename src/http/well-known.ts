import type { FastifyInstance } from 'fastify';
import { contextOf, type NodeContext } from '../context';
import { jwks } from '../tokens/key-ring';
import { discoveryDocument } from '../tokens/open-id-token';

/** Seconds. Short, because the next signing key is published only a while before it is used. */
const CACHE_SECONDS = 300;

/** The OpenID discovery document and the public keys, at Cognito's paths. */
export const mountWellKnown = (app: FastifyInstance, node: NodeContext): void => {
  app.get('/.well-known/openid-configuration', (_request, reply) =>
    reply
      .header('cache-control', `public, max-age=${CACHE_SECONDS}`)
      .send(discoveryDocument(node.config.publicUrl)),
  );
  app.get('/.well-known/jwks_uri', async (request, reply) =>
    reply
      .header('cache-control', `public, max-age=${CACHE_SECONDS}`)
      .send(await jwks(contextOf(node, request.id))),
  );
};
