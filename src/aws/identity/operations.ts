import type { Operation } from '../operation';
import { poolOperations } from './pools';

/** The operations of Cognito Identity, model 2014-06-30. */
export const IDENTITY_OPERATIONS: Operation[] = [...poolOperations];
