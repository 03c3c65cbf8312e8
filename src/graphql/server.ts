import { ApolloServer } from '@apollo/server';
import { NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Context, NodeContext } from '../context';
import { auditDenials } from './audit-denials';
import { costLimit } from './cost-limit';
import { formatError, logFaults } from './format-error';
import { landingPage } from './landing-page/landing-page';
import { repeatLimit } from './repeat-limit';
import { REQUEST_LIMIT_RULES } from './request-limits';
import { graphqlSchema } from './schema';
import { subscriptionsApart } from './subscriptions-apart';

/** Words and signs in one document: bounds parsing, aliases and repeated fields at once. */
const MAX_TOKENS = 4000;

/** The Apollo server over the node's context. It is started and stopped by whoever mounts it. */
export const createGraphqlServer = (node: NodeContext): ApolloServer<Context> =>
  new ApolloServer<Context>({
    schema: graphqlSchema(),
    introspection: true,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: MAX_TOKENS },
    validationRules: [
      ...REQUEST_LIMIT_RULES,
      ...(node.config.introspection ? [] : [NoSchemaIntrospectionCustomRule]),
    ],
    formatError,
    plugins: [
      costLimit(),
      repeatLimit(),
      subscriptionsApart(),
      logFaults(),
      auditDenials(),
      landingPage(node.config),
    ],
    // Registered queries would have to be shared between nodes to be of use.
    persistedQueries: false,
    // Signals are the process entry's business: Apollo would stop on its own and then send the signal once more.
    stopOnTerminationSignals: false,
    logger: node.log,
  });
