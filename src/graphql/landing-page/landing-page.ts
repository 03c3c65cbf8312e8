import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import type { Context, ServerConfig } from '../../context';

/** What a browser sees at `/graphql`. */
export const landingPage = (_config: ServerConfig): ApolloServerPlugin<Context> =>
  ApolloServerPluginLandingPageDisabled();
