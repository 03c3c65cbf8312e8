import { randomBytes } from 'node:crypto';
import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config';
import type { Context, ServerConfig } from '../../context';
import { NO_PAGE, renderPage } from './page';

/** What a browser sees at `/graphql`: the Sandbox with the story. Nothing where introspection is off. */
export const landingPage = (config: ServerConfig): ApolloServerPlugin<Context> => ({
  serverWillStart: () =>
    Promise.resolve({
      renderLandingPage: () =>
        Promise.resolve({
          html: () =>
            Promise.resolve(
              config.introspection ? renderPage(config, randomBytes(18).toString('base64')) : NO_PAGE,
            ),
        }),
    }),
});

/** The page takes a secret, so nobody may frame it, keep it or hear from where it was left. */
const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Adds what Apollo's plugin cannot: the headers of the page, and the status of the page that is not there. */
export const addLandingPageHeaders = (
  app: FastifyInstance,
  { introspection }: Pick<Config, 'introspection'>,
): void => {
  app.addHook('onSend', async (_request, reply) => {
    if (!String(reply.getHeader('content-type')).startsWith('text/html')) return;
    void reply.headers(PAGE_HEADERS);
    if (!introspection) void reply.code(404);
  });
};
