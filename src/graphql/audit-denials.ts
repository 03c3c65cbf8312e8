import type { ApolloServerPlugin } from '@apollo/server';
import { recordDenials } from '../audit/record-audit';
import type { Context } from '../context';
import { causeOf } from './format-error';

/** Writes denied calls into the audit log before they are answered; see `recordDenials`. */
export const auditDenials = (): ApolloServerPlugin<Context> => ({
  requestDidStart: async () => ({
    didEncounterErrors: ({ errors, contextValue }) => recordDenials(contextValue, errors.map(causeOf)),
  }),
});
