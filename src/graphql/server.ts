import { ApolloServer } from '@apollo/server';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import type { FastifyInstance } from 'fastify';
import { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { NoSchemaIntrospectionCustomRule, type ValidationRule } from 'graphql';
import type { Context } from '../context';
import { formatError } from './format-error';
import type { NodeContext } from './request-context';
import { landingPage } from './landing-page/landing-page';
import { rootFieldsRule } from './root-fields-rule';
import { graphqlSchema } from './schema';

/** Selections inside selections; the longest sensible query of this schema has 9. */
const MAX_DEPTH = 12;

/** Words and signs in one document: bounds parsing, aliases and repeated fields at once. */
const MAX_TOKENS = 4000;

/** Root fields in one operation, aliases counted one by one, so that one request is not a thousand. */
const MAX_ROOT_FIELDS = 20;

const depthRule = maxDepthRule({ n: MAX_DEPTH, ignoreIntrospection: true }) as ValidationRule;

/** The Apollo server over the node's context. It is started by whoever mounts it. */
export const createGraphqlServer = (node: NodeContext, app: FastifyInstance): ApolloServer<Context> =>
  new ApolloServer<Context>({
    schema: graphqlSchema(),
    introspection: true,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: MAX_TOKENS },
    validationRules: [
      depthRule,
      rootFieldsRule(MAX_ROOT_FIELDS),
      ...(node.config.introspection ? [] : [NoSchemaIntrospectionCustomRule]),
    ],
    formatError: formatError(node.log),
    plugins: [fastifyApolloDrainPlugin(app), landingPage(node.config)],
    logger: node.log,
  });
