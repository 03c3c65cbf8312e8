import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { toIdentityPoolType } from '../identity-pools/identity-pool.types';
import { importDataset } from './import-dataset.service';
import { ImportDatasetInput, ImportDatasetPayload } from './import-dataset.types';
import { importIdentities } from './import-identities.service';
import {
  ImportedIdentitiesInput,
  ImportedIdentityStateType,
  ImportIdentitiesInput,
  ImportIdentitiesPayload,
} from './import-identities.types';
import { importIdentityPool } from './import-identity-pool.service';
import { ImportIdentityPoolInput, ImportIdentityPoolPayload } from './import-pool.types';
import { importedIdentities } from './imported-identities.service';

/** What comes over from another installation of Cognito. For administrators. */
@Resolver()
export class ImportResolver {
  @Query(() => [ImportedIdentityStateType], {
    description:
      'Which of these identities were imported, and how far; others are left out. For administrators.',
  })
  importedIdentities(
    @Ctx() ctx: Context,
    @Arg('input', () => ImportedIdentitiesInput, { description: 'The identities.' })
    input: ImportedIdentitiesInput,
  ): Promise<ImportedIdentityStateType[]> {
    return importedIdentities(ctx, input);
  }

  @Mutation(() => ImportIdentityPoolPayload, {
    description:
      'Makes a pool with the id and settings that it has elsewhere, or brings it to these. For administrators.',
  })
  async importIdentityPool(
    @Ctx() ctx: Context,
    @Arg('input', () => ImportIdentityPoolInput, { description: 'The pool.' }) input: ImportIdentityPoolInput,
  ): Promise<ImportIdentityPoolPayload> {
    const { status, identityPool } = await importIdentityPool(ctx, input);
    return { status, identityPool: toIdentityPoolType(identityPool) };
  }

  @Mutation(() => ImportIdentitiesPayload, {
    description:
      'Makes identities with the ids that they have elsewhere, or brings them up to date. For administrators.',
  })
  async importIdentities(
    @Ctx() ctx: Context,
    @Arg('input', () => ImportIdentitiesInput, { description: 'The identities.' })
    input: ImportIdentitiesInput,
  ): Promise<ImportIdentitiesPayload> {
    return { identities: await importIdentities(ctx, input) };
  }

  @Mutation(() => ImportDatasetPayload, {
    description:
      'Brings a dataset to where it stands elsewhere, with its sync counts and removed records; all of it or nothing. For administrators.',
  })
  importDataset(
    @Ctx() ctx: Context,
    @Arg('input', () => ImportDatasetInput, { description: 'The dataset.' }) input: ImportDatasetInput,
  ): Promise<ImportDatasetPayload> {
    return importDataset(ctx, input);
  }
}
